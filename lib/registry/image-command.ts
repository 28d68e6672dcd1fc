/** What an image runs, asked for with all credentials that there are until some do. */
import { type Deadline, deadlineIn } from "../deadline.ts";
import { PiggyError } from "../error.ts";
import { type ImageCache, type ImageRequest, type Known, REFUSALS } from "./image-cache.ts";
import { type ImageName, parseImageName } from "./image-name.ts";
import type { Login } from "./login.ts";
import type { Platform } from "./platform.ts";
import { type Registries, readImage } from "./read-image.ts";
import { askTwice } from "./retry-after.ts";
import { type Source, type Sources, sourcesOf } from "./source.ts";

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
  readonly logins: (source: Source) => Promise<readonly Login[]> | readonly Login[];
  readonly deadline: Deadline;
}

export interface KnownRegistries extends Registries {
  readonly cache: ImageCache;
}

/**
 * What was found a moment ago is told at once.
 * @throws PiggyError whose message names the image and what its registry said; codes `image_*` and
 * `registry_unavailable`.
 */
export function readImageCommand(
  query: ImageQuery,
  registries: KnownRegistries,
): Promise<ImageCommand> | ImageCommand {
  const name = parseImageName(query.image);
  const sources = sourcesOf(name, registries.settings);
  const first = sources.mirrors[0] ?? sources.upstream;
  const logins = query.logins(first);
  // Of who is asked first, as whom they are asked first: that settles it, as it would if they were asked.
  const [login] = logins instanceof Promise ? [] : logins;
  const kept =
    login &&
    registries.cache.kept(requestOf(first, name.reference, login, query), isFresh(query, name.reference));
  if (kept !== undefined) return kept;
  const loginsTo = (source: Source) => (source === first ? logins : query.logins(source));
  return readFromSources(name, sources, { ...query, logins: loginsTo }, registries);
}

function requestOf(source: Source, reference: string, login: Login, query: ImageQuery): ImageRequest {
  const { platform, skipVerify } = query;
  // Whoever writes a Pod may risk their own credentials, not the webhook's.
  return { source, reference, platform, skipVerify: skipVerify && login.by !== "aws", login };
}

async function readFromSources(
  name: ImageName,
  { mirrors, upstream }: Sources,
  query: ImageQuery,
  registries: KnownRegistries,
): Promise<ImageCommand> {
  const { deadline } = query;
  const read = (source: Source, until: Deadline) =>
    readFrom(source, name.reference, { ...query, deadline: until }, registries);
  const failures: string[] = [];
  for (const mirror of mirrors) {
    try {
      return await read(mirror, halfOf(deadline));
    } catch (error) {
      if (!(error instanceof PiggyError)) throw error;
      failures.push(`; before it a mirror: ${error.message}`);
    }
  }
  try {
    return await read(upstream, deadline);
  } catch (error) {
    if (!(error instanceof PiggyError)) throw error;
    const message = `image ${query.image}: ${error.message}${failures.join("")}`;
    throw new PiggyError(error.code, message, { cause: error });
  }
}

/** A mirror that hangs must leave time for whoever is asked after it. */
function halfOf({ signal, remaining }: Deadline): Deadline {
  const half = deadlineIn(remaining() / 2);
  return { signal: AbortSignal.any([signal, half.signal]), remaining: half.remaining };
}

async function readFrom(
  source: Source,
  reference: string,
  query: ImageQuery,
  registries: KnownRegistries,
): Promise<ImageCommand> {
  const { deadline } = query;
  const fresh = isFresh(query, reference);
  const late = () =>
    new PiggyError("registry_unavailable", `${new URL(source.base).origin}: no answer in time`);
  const logins = await query.logins(source);
  let refusal: PiggyError | undefined;
  for (const [index, login] of logins.entries()) {
    // What is not there for somebody is not there for everybody; nor does the kubelet ask then.
    if (login.by === "nobody" && refusal?.code === "image_not_found") break;
    const request = requestOf(source, reference, login, query);
    const read = (signal: AbortSignal, known: Known) => readImage(request, registries, known, signal);
    try {
      return await askTwice(
        () => registries.cache.ask(request, { fresh, ending: deadline, read, late }),
        deadline,
      );
    } catch (error) {
      if (!(error instanceof PiggyError)) throw error;
      // Other credentials may do what these cannot, and see what is hidden from these; nothing else gets better by them.
      if (error.code === "registry_unavailable") throw added(error, tried(logins.slice(0, index + 1)));
      if (!REFUSALS.has(error.code)) throw error;
      refusal = moreTelling(refusal, error, login);
    }
  }
  throw added(refusal ?? late(), tried(logins));
}

function moreTelling(before: PiggyError | undefined, error: PiggyError, { by }: Login): PiggyError {
  if (before === undefined) return error;
  // Who was let in and did not find it knows more than who was not.
  if (before.code !== error.code) return error.code === "image_not_found" ? error : before;
  // Of a registry that lets nobody in unknown it is the last who is told why.
  return by === "aws" ? error : before;
}

/** Who was asked for: a registry grants more to those whom it knows. */
function tried(logins: readonly Login[]): string {
  const stored = logins.filter(({ by }) => by === "stored").length;
  const first = stored === 0 ? "no stored credentials match" : `${stored} stored credentials tried`;
  const isAws = logins.some(({ by }) => by === "aws");
  return ` (${first}${isAws ? "; then the AWS identity of piggy-webhooks" : ""})`;
}

/** Whether the kubelet asks for a tag at every start. Source: Kubernetes documentation, Images, "Image pull policy". */
function isFresh({ imagePullPolicy: policy }: ImageQuery, reference: string): boolean {
  return policy ? policy === "Always" : reference === "latest";
}

function added(error: PiggyError, more: string): PiggyError {
  return new PiggyError(error.code, `${error.message}${more}`, { cause: error });
}
