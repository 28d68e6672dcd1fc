/** What an image runs, asked for with all credentials that there are until some do. */
import type { Deadline } from "../deadline.ts";
import { PiggyError } from "../error.ts";
import type { RegistrySettings } from "./endpoint.ts";
import type { ImageCache, ImageRequest } from "./image-cache.ts";
import { type ImageName, parseImageName } from "./image-name.ts";
import type { Login } from "./login.ts";
import type { Platform } from "./platform.ts";
import { originFor, readImage } from "./read-image.ts";
import { askTwice } from "./retry-after.ts";

export interface ImageCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

export interface ImageQuery {
  readonly image: string;
  readonly platform: Platform;
  readonly skipVerify: boolean;
  readonly imagePullPolicy: string | undefined;
  /** One or more, in the order in which they are tried. */
  readonly logins: (image: ImageName) => Promise<readonly Login[]>;
  readonly deadline: Deadline;
}

/**
 * @throws PiggyError whose message names the image and what its registry said; codes `image_*` and
 * `registry_unavailable`.
 */
export async function readImageCommand(
  query: ImageQuery,
  settings: RegistrySettings,
  cache: ImageCache,
): Promise<ImageCommand> {
  const name = parseImageName(query.image);
  const { platform, skipVerify, deadline } = query;
  const fresh = isAlwaysPulled(query.imagePullPolicy, name);
  const late = () =>
    new PiggyError("registry_unavailable", `${originFor(name, settings)}: no answer in time`);
  const logins = await query.logins(name);
  let refusal: unknown;
  for (const [index, login] of logins.entries()) {
    // Whoever writes a Pod may risk their own credentials, not the webhook's.
    const request: ImageRequest = { name, platform, skipVerify: skipVerify && login.by !== "aws", login };
    const read = (signal: AbortSignal) => readImage(request, settings, signal);
    try {
      return await askTwice(() => cache(request, { fresh, signal: deadline.signal, read, late }), deadline);
    } catch (error) {
      if (!(error instanceof PiggyError)) throw error;
      // Other credentials may do what these cannot; nothing else gets better by them.
      if (error.code === "registry_unavailable") {
        throw named(query.image, error, tried(logins.slice(0, index + 1)));
      }
      if (error.code !== "image_unauthorized") throw named(query.image, error);
      // Of a registry that lets nobody in unknown it is the last who is told why.
      refusal = login.by === "aws" ? error : (refusal ?? error);
    }
  }
  throw named(query.image, refusal, tried(logins));
}

/** Who was asked for: a registry grants more to those whom it knows. */
function tried(logins: readonly Login[]): string {
  const stored = logins.filter(({ by }) => by === "stored").length;
  const first = stored === 0 ? "no stored credentials match" : `${stored} stored credentials tried`;
  const isAws = logins.some(({ by }) => by === "aws");
  return ` (${first}${isAws ? "; then the AWS identity of piggy-webhooks" : ""})`;
}

/** Whether the kubelet asks for a tag at every start. Source: Kubernetes documentation, Images, "Image pull policy". */
function isAlwaysPulled(policy: string | undefined, { reference }: ImageName): boolean {
  return policy ? policy === "Always" : reference === "latest";
}

function named(image: string, error: unknown, more = ""): unknown {
  if (!(error instanceof PiggyError)) return error;
  return new PiggyError(error.code, `image ${image}: ${error.message}${more}`, { cause: error });
}
