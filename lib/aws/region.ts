/** The region that a container or a developer has, where neither an annotation nor a reference names one. */

/**
 * AWS_REGION, AWS_DEFAULT_REGION, or the region of the profile that AWS_PROFILE names (`default` without it);
 * unchecked. Undefined when none of them has one.
 * Source: AWS SDKs and Tools Reference Guide, "AWS Region"; AWS CLI User Guide, "Configuration and credentials
 * precedence" for AWS_DEFAULT_REGION.
 */
export async function resolveRegion(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const named = environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"];
  if (named) return named;
  const { profileNameOf, readProfileFiles } = await import("./credentials/profile-files.ts");
  const { profiles } = await readProfileFiles(environment);
  return profiles.get(profileNameOf(environment))?.get("region");
}
