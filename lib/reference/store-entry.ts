/**
 * A reference to a store entry of its own: `//sm/NAME[?region=&version=&stage=&encoding=base64][#/json/pointer]` and
 * `//ssm/PATH[?region=&version=&label=]`, what stands after `piggy:`. Parts are percent-decoded. Sources: RFC 3986;
 * RFC 6901, "JSON Pointer".
 */
import { PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";

export type StoreEntry =
  | {
      readonly kind: "secret";
      /** Name or ARN. */
      readonly name: string;
      readonly region?: string;
      /** Version id. */
      readonly version?: string;
      /** Staging label. */
      readonly stage?: string;
      readonly isBase64: boolean;
      /** The segments of a JSON pointer, unescaped; without it the whole content is meant. */
      readonly pointer?: readonly string[];
    }
  | {
      readonly kind: "parameter";
      readonly name: string;
      readonly region?: string;
      readonly version?: string;
      readonly label?: string;
    };

export { isStoreEntry } from "./reference.ts";

const ENTRY = /^\/\/(sm|ssm)\/([^?#]+)(?:\?([^#]*))?(?:#(.*))?$/s;
const ARN = /^arn:[\w-]+:([\w-]+):([\w-]*):/;
const ARN_SERVICES = { sm: "secretsmanager", ssm: "ssm" };
/** What no name holds, and a log or a terminal might obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
/**
 * A secret that Parameter Store would read, as a parameter that no policy for secrets is held against. Source: Systems
 * Manager User Guide, "Referencing AWS Secrets Manager secrets from Parameter Store parameters".
 */
const BY_WAY_OF_SSM = /^(?:arn:.*:parameter)?\/+aws\/+reference\/+secretsmanager\//i;
const SETTINGS = { sm: ["region", "version", "stage", "encoding"], ssm: ["region", "version", "label"] };

/** @throws PiggyError `reference_invalid` */
export function parseStoreEntry(key: string): StoreEntry {
  const [, store, path = "", query = "", fragment] = ENTRY.exec(key) ?? [];
  if (store !== "sm" && store !== "ssm") throw invalid(key, "expected //sm/NAME or //ssm/PATH");
  const settings = settingsIn(query, SETTINGS[store], key);
  const name = decode(path, key);
  if (CONTROL.test(name)) throw invalid(key, "a name holds no control characters");
  const region = regionOf(name, store, settings.get("region"), key);
  const version = settings.get("version");
  const shared = {
    ...(region === undefined ? {} : { region }),
    ...(version === undefined ? {} : { version }),
  };
  if (store === "ssm") {
    const label = settings.get("label");
    if (fragment !== undefined) throw invalid(key, "a parameter has no pointer");
    if (version !== undefined && label !== undefined)
      throw invalid(key, "version and label exclude each other");
    const isBare = name.startsWith("/") || name.startsWith("arn:") || !name.includes("/");
    const whole = isBare ? name : `/${name}`;
    if (BY_WAY_OF_SSM.test(whole)) throw invalid(key, "a secret is named by //sm/NAME");
    return {
      kind: "parameter",
      name: whole,
      ...shared,
      ...(label === undefined ? {} : { label }),
    };
  }
  const encoding = settings.get("encoding");
  if (encoding !== undefined && encoding !== "base64") throw invalid(key, "encoding can be base64 alone");
  const stage = settings.get("stage");
  return {
    kind: "secret",
    name,
    ...shared,
    ...(stage === undefined ? {} : { stage }),
    isBase64: encoding === "base64",
    ...(fragment === undefined ? {} : { pointer: pointerIn(decode(fragment, key), key) }),
  };
}

/** An ARN is of one store and one region; what is said besides must not say otherwise. */
function regionOf(
  name: string,
  store: keyof typeof ARN_SERVICES,
  given: string | undefined,
  key: string,
): string | undefined {
  if (given !== undefined && !isRegion(given)) {
    throw invalid(key, "region is none of AWS's, such as eu-west-1");
  }
  const [arn, service, region] = ARN.exec(name) ?? [];
  if (arn === undefined) return given;
  if (service !== ARN_SERVICES[store]) throw invalid(key, `the ARN is not of ${ARN_SERVICES[store]}`);
  if (given !== undefined && given !== region) throw invalid(key, "the ARN is of another region");
  return region;
}

function settingsIn(query: string, known: readonly string[], key: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  if (query === "") return settings;
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!known.includes(name) || settings.has(name) || part.length === equals + 1 || equals < 0) {
      throw invalid(key, `after ? it takes ${known.join("=, ")}=, each once and not empty`);
    }
    settings.set(name, decode(part.slice(equals + 1), key));
  }
  return settings;
}

function pointerIn(text: string, key: string): readonly string[] {
  if (text === "") return [];
  if (!text.startsWith("/")) throw invalid(key, "a pointer begins with #/");
  if (/~(?![01])/.test(text)) throw invalid(key, "in a pointer ~ stands before 0 or 1");
  return text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function decode(text: string, key: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(key, "a % stands before two hex digits");
  }
}

function invalid(key: string, what: string): PiggyError {
  return new PiggyError("reference_invalid", `${JSON.stringify(`piggy:${key.slice(0, 200)}`)}: ${what}`);
}
