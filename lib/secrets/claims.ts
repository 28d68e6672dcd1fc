/** What a token says of itself. None of it is believed: the API server decides, and this is for not asking in vain. */
import { decodeJwt } from "jose";
import { isJsonObject, own } from "../json.ts";
import { TOKEN_AUDIENCE } from "../own-token.ts";
import { Denial } from "./denial.ts";
import type { BoundPod } from "./world.ts";

export interface Claims {
  readonly isForUs: boolean;
  /** The Pod that it says it is bound to. Source: Kubernetes, private claims of service account tokens. */
  readonly pod: BoundPod | undefined;
}

/**
 * @param now milliseconds since 1970
 * @throws Denial for what is no JWT, and for one that has expired
 */
export function readClaims(token: string, now: number): Claims {
  const { aud, exp, "kubernetes.io": kubernetes } = decode(token);
  if (isOver(exp, now)) throw new Denial("the token has expired");
  return {
    isForUs: aud === TOKEN_AUDIENCE || (Array.isArray(aud) && aud.includes(TOKEN_AUDIENCE)),
    pod: boundPod(kubernetes),
  };
}

/** jose's types say what a token should hold, and whoever wrote this one need not care. */
function isOver(exp: unknown, now: number): boolean {
  return exp !== undefined && !(typeof exp === "number" && exp * 1000 >= now);
}

function decode(token: string) {
  try {
    return decodeJwt(token);
  } catch {
    throw new Denial("the token is not a JWT");
  }
}

function boundPod(claim: unknown): Claims["pod"] {
  if (!isJsonObject(claim)) return undefined;
  const namespace = own(claim, "namespace");
  const pod = own(claim, "pod");
  if (typeof namespace !== "string" || !isJsonObject(pod)) return undefined;
  const [name, uid] = [own(pod, "name"), own(pod, "uid")];
  return typeof name === "string" && typeof uid === "string" ? { namespace, name, uid } : undefined;
}
