/** ~/.aws/config. */
import fc from "fast-check";
import { parseIni } from "../../../lib/aws/credentials/ini.ts";
import { words } from "../near.ts";
import { target } from "../target.ts";

const name = fc.constantFrom("default", "profile dev", "sso-session one", "profile 'a b'");
const property = fc.tuple(
  fc.constantFrom("region", "role_arn", "aws_access_key_id", "x"),
  fc.constantFrom("eu-west-1", "a b", "a=b", "a;b", "é", "a#b"),
);
const sections = fc.uniqueArray(
  fc.tuple(name, fc.uniqueArray(property, { maxLength: 3, selector: ([key]) => key })),
  { maxLength: 3, selector: ([header]) => header },
);

export const iniSections = target({
  name: "aws-config-fields",
  inputs: fc.record({
    sections,
    lineEnd: fc.constantFrom("\n", "\r\n"),
    comment: fc.constantFrom("", " ; a", " # [b]"),
    space: fc.constantFrom("", " "),
  }),
  check({ sections: given, lineEnd, comment, space }) {
    const lines = given.flatMap(([header, properties]) => [
      `[${header}]${comment}`,
      ...properties.map(([key, value]) => `${key}${space}=${space}${value}${comment}`),
    ]);
    const read = [...parseIni(lines.join(lineEnd))].map(([header, properties]) => [header, [...properties]]);
    const expected = given.map(([header, properties]) => [header.replaceAll("'", ""), properties]);
    if (!Bun.deepEquals(read, expected)) throw new Error(`it is ${JSON.stringify(read)}`);
    return `${given.length} sections`;
  },
});

export const iniFiles = target({
  name: "aws-config",
  inputs: words(
    [
      "[default]",
      "[profile a]",
      "[",
      "]",
      "\n",
      "\r\n",
      "region",
      " = ",
      "=",
      "eu-west-1",
      "  nested = ",
      "#",
      ";",
      "'",
      "sso-session b",
    ],
    20,
  ),
  check(text) {
    const parsed = parseIni(text);
    for (const [header, properties] of parsed) {
      if (/[\r\n]/.test(header)) throw new Error("a header has a line's end");
      for (const [key, value] of properties) {
        if (key === "" || value === "" || /\n/.test(key + value) || value !== value.trim())
          throw new Error(`${key} is ${JSON.stringify(value)}`);
      }
    }
    return `${Math.min(parsed.size, 3)} sections`;
  },
});
