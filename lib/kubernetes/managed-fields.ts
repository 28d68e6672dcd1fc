/**
 * A quarter of a Pod's JSON and more says who set which field, which is nothing to us, and to parse it costs as much
 * as any other quarter. The API server writes it as the last of the metadata, without spaces, before the spec.
 *
 * In a JSON string a quotation mark is escaped, so no value that somebody writes into a Pod can hold what is looked for
 * here. Source: k8s.io/apimachinery, ObjectMeta; k8s.io/api/core/v1, Pod.
 */
const BEGIN = ',"managedFields":[';
const END = ']},"spec":{';

/** The text of a Pod without `metadata.managedFields`; as it came, where it is written in another way. */
export function withoutManagedFields(text: string): string {
  const from = text.indexOf(BEGIN);
  const to = from < 0 ? -1 : text.indexOf(END, from);
  return to < 0 ? text : text.slice(0, from) + text.slice(to + 1);
}
