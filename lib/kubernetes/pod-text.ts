/**
 * Half of a Pod's JSON says who set which field and what became of each container, which is nothing to us, and to parse
 * it costs as much as the other half. The API server writes the first as the last of the metadata, before the spec, and
 * the second behind the phase, to the Pod's end; without spaces.
 *
 * In a JSON string a quotation mark is escaped, so no value that somebody writes into a Pod can hold what is looked for
 * here. Source: k8s.io/apimachinery, ObjectMeta; k8s.io/api/core/v1, Pod and PodStatus.
 */
const MANAGED_FIELDS = ',"managedFields":[';
const SPEC = ']},"spec":{';
const STATUS = '},"status":{"';
const CONDITIONS = ',"conditions":[';

/** The text of a Pod without both; as it came, where it is written in another way. */
export function withoutBallast(text: string): string {
  return withoutConditions(withoutManagedFields(text));
}

function withoutManagedFields(text: string): string {
  const from = text.indexOf(MANAGED_FIELDS);
  const to = from < 0 ? -1 : text.indexOf(SPEC, from);
  return to < 0 ? text : text.slice(0, from) + text.slice(to + 1);
}

/** And without all that stands behind them in the status. */
function withoutConditions(text: string): string {
  const status = text.lastIndexOf(STATUS);
  const from = status < 0 ? -1 : text.indexOf(CONDITIONS, status);
  return from < 0 || !/\}\}\s*$/.test(text.slice(-8)) ? text : `${text.slice(0, from)}}}`;
}
