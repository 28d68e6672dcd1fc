/** An address that this machine has besides its loopback: where a test's server can be that is not to be a local one. */
import { networkInterfaces } from "node:os";

/** Undefined where the machine has none. */
export const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(
    ({ family, internal, address }) => family === "IPv4" && !internal && !address.startsWith("169.254."),
  )?.address;

if (ownAddress === undefined) {
  console.log("test/registry: names that lead elsewhere are not tested: this machine has its loopback alone");
}
