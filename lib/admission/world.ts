/** What admission needs of the world, as small as it can be said. */
import type { Deadline } from "../deadline.ts";
import type { Log } from "../log.ts";
import type { Container, Pod } from "../pod.ts";
import type { Settings } from "../settings.ts";
import type { ImageCommand } from "./argv.ts";
import type { ImageVolumes } from "./delivery/image-volume-memory.ts";
import type { ReadObject } from "./environment/objects.ts";
import type { Webhook } from "./webhook.ts";

export interface ImageLookup {
  readonly container: Container;
  readonly pod: Pod;
  readonly namespace: string;
  readonly settings: Settings;
  readonly deadline: Deadline;
}

export interface AdmissionWorld {
  readonly webhook: Webhook;
  readonly readObject: ReadObject;
  /** What a container's image runs, at once where it is known. @throws PiggyError when it cannot be found out, saying why */
  readonly readImageCommand: (lookup: ImageLookup) => Promise<ImageCommand> | ImageCommand;
  /** What is known of the cluster by now. */
  readonly imageVolumes: () => ImageVolumes;
  /** Makes a fresh 32-digit hex id. */
  readonly newUid: () => string;
  readonly log: Log;
}
