import { badRequest, StatusError } from "./status.ts";

type Labels = Readonly<Record<string, string>>;

const KEY = "(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?";
const REQUIREMENT = new RegExp(`^(?:(!?)(${KEY})|(${KEY})(!?=|==)([A-Za-z0-9_.-]*))$`);

/** Equality-based selectors, as in k8s.io/apimachinery/pkg/labels; sets (`in`, `notin`) are not understood. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = text.split(",").filter((part) => part !== "");
  const tests = requirements.map(parseRequirement);
  return (labels) => tests.every((test) => test(labels));
}

function parseRequirement(text: string): (labels: Labels) => boolean {
  const match = REQUIREMENT.exec(text);
  if (match === null) {
    throw new StatusError(badRequest(`unable to parse requirement: found '${text}'`));
  }
  const [, not, alone, key = "", operator, value] = match;
  if (alone !== undefined) return (labels) => Object.hasOwn(labels, alone) === (not === "");
  // What has no such label has none of that value either.
  return (labels) => (labels[key] === value) === (operator !== "!=");
}
