/** Where the calls for a location will go, as far as it is known before the first of them: it is connected to at once. */
import { webIdentityOf } from "./credentials.ts";
import { endpointOf } from "./endpoint.ts";
import type { EntryLocation } from "./entry.ts";
import type { StoreLocation } from "./store.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * In the order in which they will be asked.
 * @throws PiggyError `region_invalid`, `setting_invalid`
 */
export function firstDestinations(
  { kind, region }: StoreLocation | EntryLocation,
  environment: Environment,
): readonly URL[] {
  const store = endpointOf(kind === "secret" ? "secretsmanager" : "ssm", region, environment);
  if (webIdentityOf(environment) === undefined) return [store];
  return [endpointOf("sts", region, environment), store];
}
