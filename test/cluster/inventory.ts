/** What is in a cluster, of whatever kind. */
import type { Cluster } from "../apiserver/cluster.ts";
import { runKubectl } from "./apply-template.ts";

/** They come and go by themselves. */
const PASSING = /^(events|leases)\b/;

/** What is in a namespace, and what is in none, each as KIND/NAME. */
export async function inventory(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const of = async (isNamespaced: boolean) => {
    const options = ["--verbs=list", `--namespaced=${isNamespaced}`, "--output=name"];
    const kinds = lines(await runKubectl(cluster, "api-resources", ...options));
    const wanted = kinds.filter((kind) => !PASSING.test(kind)).join(",");
    const place = isNamespaced ? ["--namespace", namespace] : [];
    return lines(await runKubectl(cluster, "get", wanted, ...place, "--output=name"));
  };
  return [...(await of(true)), ...(await of(false))].sort();
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
