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
  const { from, to } = managedFieldsIn(text);
  const end = conditionsIn(text, to);
  if (from === to && end === text.length) return text;
  // Put together once: each time that a text is searched or parsed, it is copied first.
  const closing = end === text.length ? "" : "}}";
  return `${text.slice(0, from)}${text.slice(to, end)}${closing}`;
}

/** Where they begin and end; an empty place where there are none. */
function managedFieldsIn(text: string): { readonly from: number; readonly to: number } {
  const from = text.indexOf(MANAGED_FIELDS);
  const end = from < 0 ? -1 : text.indexOf(SPEC, from);
  return end < 0 ? { from: 0, to: 0 } : { from, to: end + 1 };
}

/** Where they begin, and with them all that stands behind them in the status; the text's end where there are none. */
function conditionsIn(text: string, after: number): number {
  const status = text.lastIndexOf(STATUS);
  const from = status < after ? -1 : text.indexOf(CONDITIONS, status);
  return from < 0 || !/\}\}\s*$/.test(text.slice(-8)) ? text.length : from;
}
