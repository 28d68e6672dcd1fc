/** Image names. Source: the distribution reference grammar, and what the container runtimes make of short names. */
import { PiggyError } from "../error.ts";
import { quote } from "../quotation.ts";

export interface ImageName {
  /** Host and port as written, `docker.io` where none was. */
  readonly domain: string;
  readonly repository: string;
  /** Tag or digest that the manifest is asked for by: the digest where there are both. */
  readonly reference: string;
}

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const ID = /^[0-9a-f]{64}$/;
const LONGEST_NAME = 255;
/** Registry, repository, tag and digest. */
const LONGEST_IMAGE = 1024;

const DOCKER_HUB = "docker.io";

/**
 * @throws PiggyError `image_name_invalid`
 */
export function parseImageName(image: string): ImageName {
  const invalid = (what: string) =>
    new PiggyError("image_name_invalid", `image ${quote(shown(image), LONGEST_IMAGE)}: ${what}`);
  if (image.length > LONGEST_IMAGE) throw invalid("longer than any name");
  if (ID.test(image)) throw invalid("an image's id, by which no registry has it");
  const [named = "", ...digests] = image.split("@");
  const digest = digests[0];
  if (digests.length > 1 || (digest !== undefined && !DIGEST.test(digest)))
    throw invalid("not a digest after @");
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? "latest" : named.slice(colon + 1);
  if (!TAG.test(tag)) throw invalid("not a tag after the colon");
  const { domain, repository } = splitDomain(name);
  if (!DOMAIN.test(domain)) throw invalid(`${domain} is not a registry's host`);
  if (repository.length > LONGEST_NAME || !REPOSITORY.test(repository))
    throw invalid("not a repository's name");
  return { domain, repository, reference: digest ?? tag };
}

/** Its beginning, without what stands before an @ as a name and password would: a colon is in it, and no digest follows. */
function shown(image: string): string {
  const text = image.slice(0, LONGEST_IMAGE);
  const digest = text.search(/@sha\d+:[0-9a-f]{32,}$/i);
  const named = digest < 0 ? text : text.slice(0, digest);
  const at = named.lastIndexOf("@");
  return named.slice(0, Math.max(at, 0)).includes(":") ? `…${text.slice(at)}` : text;
}

/** The first component is a host when it could not be part of a repository's name. */
function splitDomain(name: string): Pick<ImageName, "domain" | "repository"> {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const domain = isDomain ? first : DOCKER_HUB;
  const rest = isDomain ? name.slice(slash + 1) : name;
  if (domain !== DOCKER_HUB && domain !== `index.${DOCKER_HUB}`) return { domain, repository: rest };
  return { domain: DOCKER_HUB, repository: rest.includes("/") ? rest : `library/${rest}` };
}

/** Whether a reference names bytes, which never change, and not a tag. */
export function isDigest(reference: string): boolean {
  return DIGEST.test(reference);
}

/** The host that serves a domain's images: Docker Hub's is another than its name. */
export function registryHost(domain: string): string {
  return domain === DOCKER_HUB ? "registry-1.docker.io" : domain;
}
