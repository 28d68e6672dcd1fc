/** Annotations: every setting, and what is said of a value that is none. */
import fc from "fast-check";
import { parseArn } from "../../../lib/arn.ts";
import { parseBoolean } from "../../../lib/boolean.ts";
import { oneLine, quote } from "../../../lib/quotation.ts";
import { readSettings } from "../../../lib/read-settings.ts";
import { isRegion } from "../../../lib/region.ts";
import { annotationName, type Row, SETTINGS, settingNames } from "../../../lib/settings.ts";
import { words } from "../near.ts";
import { target } from "../target.ts";

const VALUES = [
  "true",
  "false",
  "T",
  "0",
  "1",
  "100",
  "1h",
  "500ms",
  "64Mi",
  "50m",
  "https://",
  "http://",
  "webhook.shop.svc",
  ":8443",
  "/",
  "u:p@",
  "Always",
  "Never",
  "udp",
  "tcp",
  "auto",
  "wrap",
  "image",
  "eu-west-1",
  "",
  " ",
];

export const settings = target({
  name: "setting",
  inputs: fc.record({ name: fc.constantFrom(...settingNames), value: words(VALUES, 4) }),
  check({ name, value }) {
    const annotation = annotationName(name);
    const reading = readSettings({ annotations: { [annotation]: value }, environment: {} });
    const row: Row = SETTINGS[name];
    const read: unknown = reading.settings[name];
    const instead: unknown = row.unreadable ?? row.default;
    if (reading.warnings.length > 1) throw new Error("there is more than one thing to say");
    const [warning] = reading.warnings;
    if (warning !== undefined && read !== instead && !Bun.deepEquals(read, instead))
      throw new Error(`what cannot be read counts as ${read}`);
    if (warning !== undefined && !warning.startsWith(`annotation ${annotation}: "`))
      throw new Error(`it is said: ${warning}`);
    if (
      row.type === "boolean" &&
      parseBoolean(value) !== undefined &&
      reading.given.has(name) &&
      read !== parseBoolean(value)
    )
      throw new Error(`it counts as ${read}`);
    if (row.type === "url" && typeof read === "string" && warning === undefined && reading.given.has(name)) {
      const { protocol, username, search, hash } = new URL(read);
      if (!/^https?:$/.test(protocol) || username + search + hash !== "")
        throw new Error(`${read} is no address`);
    }
    if (
      (row.type === "integer" || row.type === "duration") &&
      read !== undefined &&
      !(typeof read === "number" && read >= 0)
    )
      throw new Error(`it counts as ${read}`);
    return `${row.type}${warning === undefined ? "" : ", unreadable"}`;
  },
});

const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export const quotations = target({
  name: "quotation",
  inputs: fc.record({
    text: words(["a", "https://u:p@host/", "//", "@", "…", "\\u{1b}"], 20),
    longest: fc.integer({ min: 10, max: 60 }),
    end: fc.nat({ max: 8 }),
  }),
  check({ text, longest, end }) {
    const line = oneLine(text, longest, end);
    if (UNFIT.test(line) || !line.isWellFormed())
      throw new Error(`it is not fit to be read: ${JSON.stringify(line)}`);
    if (line.length > longest) throw new Error(`it is ${line.length} characters long`);
    const isPlain = text.length <= longest && !UNFIT.test(text);
    if (isPlain && line !== text) throw new Error("what is fit is changed");
    const quoted = quote(text, longest);
    if (!quoted.startsWith('"') || /[\n\r]/.test(quoted)) throw new Error(`it is quoted as ${quoted}`);
    return isPlain ? "as it is" : line.includes("…") ? "shortened" : "escaped";
  },
});

export const names = target({
  name: "arn-and-region",
  inputs: words(
    [
      "arn:",
      "aws",
      ":",
      "secretsmanager",
      "eu-west-1",
      "us-gov-",
      "-",
      "1",
      "111122223333",
      "secret:a",
      "\n",
      "a",
    ],
    10,
  ),
  check(text) {
    const arn = parseArn(text);
    if (arn !== undefined) {
      const { partition, service, region, account, resource } = arn;
      if (["arn", partition, service, region, account, resource].join(":") !== text)
        throw new Error("written anew it is another");
    }
    if (isRegion(text) && !/^[a-z0-9-]{6,32}$/.test(text)) throw new Error("a host's name may not hold it");
    return arn !== undefined ? "an ARN" : isRegion(text) ? "a region" : "neither";
  },
});
