/** Licences by their SPDX expressions. Source: SPDX specification, annex "SPDX License Expressions". */
import parse from "spdx-expression-parse";
import list from "spdx-license-list/full";

/**
 * The names of the licences in an expression, `LGPL-2.1-or-later` as SPDX's list has it.
 * @throws Error when it is no expression
 */
export function licenceNames(expression: string): readonly string[] {
  const names = (node: ReturnType<typeof parse>): readonly string[] =>
    "license" in node ? [node.license] : [...names(node.left), ...names(node.right)];
  return names(parse(expression));
}

/** The text that everybody uses of it; undefined of one that SPDX does not list. */
export const licenceText = (name: string): string | undefined => list[name]?.licenseText;
