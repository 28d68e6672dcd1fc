/** PIGGY_ALLOWED_SA: the policy that stands inside a secret. */

const POLICY_KEY = "PIGGY_ALLOWED_SA";

/**
 * Why a service account may not read a secret with these values, or undefined when it may. The key lists
 * `namespace:name`, separated by commas; without the key everybody may, unless it is enforced.
 */
export function whyNotAllowed(
  values: ReadonlyMap<string, string>,
  serviceAccount: string,
  isEnforced: boolean,
): string | undefined {
  const policy = values.get(POLICY_KEY);
  if (policy === undefined) {
    return isEnforced
      ? `PIGGY_ENFORCE_SERVICE_ACCOUNT is set and the secret has no ${POLICY_KEY}`
      : undefined;
  }
  const allowed = policy.split(",").map((entry) => entry.trim());
  return allowed.includes(serviceAccount) ? undefined : `${POLICY_KEY} does not name ${serviceAccount}`;
}
