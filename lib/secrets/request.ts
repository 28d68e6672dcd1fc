/** What an injector sends: POST /secret. */
import { PiggyError } from "../error.ts";
import { isJsonObject, parseJson } from "../json.ts";

export interface SecretRequest {
  readonly token: string;
  readonly podName: string;
  readonly uid: string;
  readonly signature: string;
  /** The keys that the container's environment refers to; undefined from an injector that asks for all. */
  readonly references: readonly string[] | undefined;
}

/** More keys than any environment can hold. */
const MOST_REFERENCES = 10_000;

/**
 * @throws PiggyError `token_missing`, `request_invalid`
 */
export function parseSecretRequest(token: string | null, body: string): SecretRequest {
  if (!token) throw new PiggyError("token_missing", "no X-Token: send the service-account token");
  const value = parseJson(body);
  if (!isJsonObject(value)) throw invalid("the body is not a JSON object");
  const text = (field: string) => {
    const content = value[field] ?? "";
    if (typeof content === "string") return content;
    throw invalid(`${field} is not a string`);
  };
  if (text("resources") !== "pods") throw invalid('resources is not "pods"');
  return {
    token,
    podName: text("name"),
    uid: text("uid"),
    signature: text("signature"),
    references: parseReferences(value["references"]),
  };
}

function parseReferences(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.length <= MOST_REFERENCES;
  if (isList && value.every((entry) => typeof entry === "string")) return value;
  throw invalid("references is not a list of strings");
}

function invalid(what: string): PiggyError {
  return new PiggyError("request_invalid", `expected {"resources":"pods","name","uid","signature"}: ${what}`);
}
