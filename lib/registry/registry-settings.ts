/** How registries are asked, as an operator has it. */
import type { Network } from "./network.ts";

export interface RegistrySettings {
  /** Origins (`http://127.0.0.1:5000`) that may be asked as they stand, without TLS or on loopback. */
  readonly trustedOrigins: ReadonlySet<string>;
  /** PEM of CAs besides the built-in roots. */
  readonly ca: string | undefined;
  readonly mirrors: Mirrors;
  readonly network: Network;
}

/** Registries' domains and the roots of their mirrors' APIs, in the order in which they are asked. */
export type Mirrors = ReadonlyMap<string, readonly string[]>;
