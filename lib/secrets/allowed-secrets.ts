/** PIGGY_ALLOWED_SECRETS: which secrets and parameters may be asked for, and by whom. */
import { oneLine } from "../quotation.ts";
import type { EntryLocation } from "../reference/entry-plan.ts";
import { type Asker, hasPlaceholder } from "./glob.ts";
import { namesTarget, parseSecretPatterns } from "./secret-pattern.ts";
import { askedFor, givenFor } from "./target.ts";
import type { Location } from "./world.ts";

export interface AllowedSecrets {
  /** Why who asks may not have what is asked for, or undefined when nothing is against asking AWS. */
  whyNotAsked(location: Location | EntryLocation, asker: Asker): string | undefined;
  /** Why who asks may not have what AWS gave, as its ARNs name it. */
  whyNotGiven(location: Location | EntryLocation, arns: readonly string[], asker: Asker): string | undefined;
  /** What whoever runs the webhook may not have meant. */
  readonly warnings: readonly string[];
}

const VARIABLE = "PIGGY_ALLOWED_SECRETS";
/** Of a name in the log, which whoever asks may have made as long as a request. */
const LONGEST_SHOWN = 200;

/**
 * @param text patterns, separated by commas; empty where there is no policy
 * @throws PiggyError `setting_invalid` that names the pattern that is none
 */
export function parseAllowedSecrets(text: string): AllowedSecrets | undefined {
  if (text === "") return undefined;
  const patterns = parseSecretPatterns(text, VARIABLE);
  return {
    whyNotAsked(location, asker) {
      const target = askedFor(location);
      if (target !== undefined && patterns.some((pattern) => namesTarget(pattern, target, asker)))
        return undefined;
      const shown = describe(location);
      if (target?.kind === "path") return `${VARIABLE} has no pattern for all that is below ${shown}`;
      if (target === undefined || !target.isByArn) return `${VARIABLE} does not name ${shown}`;
      return `${VARIABLE} does not name ${shown}: what is asked for by ARN needs a pattern that is an ARN`;
    },
    whyNotGiven(location, arns, asker) {
      const foreign = arns.find((arn) => {
        const target = givenFor(location, arn);
        return target === undefined || !patterns.some((pattern) => namesTarget(pattern, target, asker));
      });
      if (foreign === undefined) return undefined;
      return foreign === ""
        ? `AWS did not say which it gave for ${describe(location)}, so ${VARIABLE} cannot name it`
        : `${VARIABLE} does not name ${foreign}, which AWS gave for ${describe(location)}`;
    },
    warnings: patterns
      .filter(({ name }) => hasPlaceholder(name, "serviceAccount") && !hasPlaceholder(name, "namespace"))
      .map(
        (pattern) =>
          `${VARIABLE}: the pattern ${JSON.stringify(pattern.text)} has {serviceAccount} without {namespace}: ` +
          "a service account of that name in any namespace gets what it names",
      ),
  };
}

function describe(location: Location | EntryLocation): string {
  const { kind, region } = location;
  const name = kind === "path" ? location.path : location.name;
  return `${kind === "path" ? "parameter path" : kind} ${oneLine(name, LONGEST_SHOWN)} in ${region}`;
}
