/** Logins at ECR, kept while they are good: one for all registries of a region, of whatever account. */
import { PiggyError } from "../error.ts";
import { createSingleFlight } from "../single-flight.ts";
import type { Credentials } from "./credentials.ts";
import type { EcrRegistry } from "./ecr-host.ts";

export interface EcrLogin extends Credentials {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Asks AWS, as the webhook's own identity. */
export type AskEcr = (registry: EcrRegistry, signal: AbortSignal) => Promise<EcrLogin>;

export type EcrLogins = (registry: EcrRegistry, signal: AbortSignal) => Promise<Credentials>;

/** Longer than any look-up takes, and than clocks usually differ. */
const BEFORE_THE_END_MS = 5 * 60_000;
/** To learn that there is no identity can take seconds, and every Pod of a Deployment would wait for them. */
const REFUSAL_LIFETIME_MS = 5_000;

type Kept =
  | { readonly login: Credentials; readonly until: number }
  | { readonly refusal: PiggyError; readonly until: number };

/**
 * The clock is in milliseconds since 1970.
 * @throws PiggyError, from the look-up made: `image_unauthorized`, `registry_unavailable`
 */
export function createEcrLogins(ask: AskEcr, now: () => number = Date.now): EcrLogins {
  // As many as there are regions: what is no region does not come here.
  const kept = new Map<string, Kept>();
  const share = createSingleFlight<Credentials>();
  return async (registry, signal) => {
    const key = `${registry.region} ${registry.fips}`;
    const known = kept.get(key);
    if (known !== undefined && known.until > now()) {
      if ("refusal" in known) throw known.refusal;
      return known.login;
    }
    const run = async (shared: AbortSignal) => {
      try {
        const { expiresAt, ...login } = await ask(registry, shared);
        kept.set(key, { login, until: expiresAt - BEFORE_THE_END_MS });
        return login;
      } catch (error) {
        const failure = inWords(error);
        if (failure instanceof PiggyError && failure.code === "image_unauthorized") {
          kept.set(key, { refusal: failure, until: now() + REFUSAL_LIFETIME_MS });
        }
        throw failure;
      }
    };
    const late = () =>
      new PiggyError("registry_unavailable", `login at ECR in ${registry.region}: no answer in time`);
    return share({ key, signal, run, late });
  };
}

function inWords(error: unknown): unknown {
  if (!(error instanceof PiggyError)) return error;
  const { code, message } = error;
  if (code === "aws_throttled" || code === "aws_unavailable") {
    return new PiggyError("registry_unavailable", message, { cause: error });
  }
  const need =
    code === "credentials_missing"
      ? "Give its service account a role"
      : "The role of piggy-webhooks needs ecr:GetAuthorizationToken on every resource";
  return new PiggyError("image_unauthorized", `${message}. ${need}`, { cause: error });
}
