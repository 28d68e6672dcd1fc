/** What a node runs containers with, as far as it comes from Go modules: containerd, and the plugins of its network. */
import { goPrograms } from "./go-programs.ts";

/** The folder of `containerd`, its shim, and `ctr`. @throws Error that says what is missing */
export function containerdPrograms(): Promise<string> {
  const module = "github.com/containerd/containerd/v2";
  const packages = ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => `${module}/cmd/${name}`);
  return goPrograms({ name: "containerd", folder: "containerd", module, packages });
}

/** The folder of the network plugins. Source: the CNI specification, "Execution Protocol". @throws Error that says what is missing */
export function networkPlugins(): Promise<string> {
  const module = "github.com/containernetworking/plugins";
  const packages = ["main/bridge", "main/loopback", "ipam/host-local"].map(
    (name) => `${module}/plugins/${name}`,
  );
  return goPrograms({ name: "network-plugins", folder: "network", module, packages });
}
