/** Gets what a cluster on this machine is made of, so that the tests that start one need not wait for it. */
import { etcdProgram } from "./etcd.ts";
import { kubernetesProgram } from "./kubernetes.ts";

for (const program of [await etcdProgram(), await kubernetesProgram("kube-apiserver")]) console.log(program);
