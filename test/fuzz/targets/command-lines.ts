/** Command lines, and requests that are written from what files and variables say. */
import fc from "fast-check";
import { parseCommandLine as parseForExplain } from "../../../lib/explain/command-line.ts";
import { parseCommandLine } from "../../../lib/injector/command-line.ts";
import { parseExpansion } from "../../../lib/injector/expand.ts";
import { formatRequest } from "../../../lib/injector/request.ts";
import { words } from "../near.ts";
import { read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const OPTIONS = [
  "--standalone",
  "--secret",
  "--path",
  "--region",
  "--secret-version",
  "--retry",
  "--initial-delay",
  "--help",
  "--version",
  "install",
  "--",
  "--secret=a=b",
  "--retry=",
  "--standalone=true",
  "-h",
  "-n",
  "--set",
  "A=B",
  "--json",
  "AWS_REGION=eu-west-1",
  "-",
  "pod.yaml",
  "--x",
];
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...OPTIONS) },
  { weight: 1, arbitrary: words(["-", "=", "a"], 4) },
);

export const commandLines = target({
  name: "command-line",
  inputs: fc.array(word, { maxLength: 8 }),
  check(parameters) {
    const reading = read(() => parseCommandLine(parameters));
    if (!reading.ok) return reasonOf(reading);
    if (reading.value.kind === "print") return "something to print";
    const { argv, own } = reading.value;
    const separator = parameters.indexOf("--");
    if (!Bun.deepEquals(argv, parameters.slice(separator + 1))) throw new Error("the command is another");
    const before = parameters.slice(0, separator);
    for (const value of own.values()) {
      if (!before.some((each) => each === value || each.endsWith(`=${value}`)))
        throw new Error(`${value} was not said`);
    }
    return `${own.size > 0 ? "with" : "without"} options`;
  },
});

export const explainLines = target({
  name: "explain-command-line",
  inputs: fc.array(word, { maxLength: 8 }),
  check(parameters) {
    const reading = read(() => parseForExplain(parameters));
    if (!reading.ok)
      return reasonOf({
        ...reading,
        message: reading.message.replace(/'.*'/s, "_").replace(/--set .*:/s, "--set _:"),
      });
    if (reading.value === "help") return "help";
    const { files } = reading.value;
    if (files.length === 0 || files.some((file) => !parameters.includes(file)))
      throw new Error("a file was not named");
    return `${Math.min(files.length, 3)} files`;
  },
});

const ADDRESSES = [
  "https://sts.amazonaws.com/",
  "http://10.0.0.1:8080/a?b=c%0d%0aX",
  "https://[::1]:8443/secret",
  "https://a/\r\nX: y",
  "http://u:p@host/%0A",
];

export const requests = target({
  name: "request",
  inputs: fc.record({
    address: fc.constantFrom(...ADDRESSES),
    name: fc.constantFrom("X-Token", "Authorization", "Host", "hOsT"),
    value: words(["a", " ", "\r\n", "\n", "X: y", "\0", "\x7f", "\t"], 4),
    body: words(["{}", "é", "\r\n\r\n", "GET / HTTP/1.1\r\n"], 4),
  }),
  check({ address, name, value, body }) {
    const reading = read(() =>
      formatRequest({ method: "POST", url: new URL(address), headers: { [name]: value }, body }),
    );
    if (!reading.ok) return reasonOf(reading);
    const text = reading.value;
    const end = text.indexOf("\r\n\r\n");
    const [line = "", ...headers] = text.slice(0, end).split("\r\n");
    if (!/^POST \/[!-~]* HTTP\/1\.1$/.test(line))
      throw new Error(`its first line is ${JSON.stringify(line)}`);
    const names = headers.map((each) => each.slice(0, each.indexOf(":")));
    const expected = ["Host", ...(name.toLowerCase() === "host" ? [] : [name]), "Content-Length"];
    if (names.join() !== expected.join()) throw new Error(`its headers are ${names}`);
    if (text.slice(end + 4) !== body) throw new Error("its body is another");
    if (headers.at(-1) !== `Content-Length: ${Buffer.byteLength(body)}`)
      throw new Error("its length is another");
    return `${headers.length} headers`;
  },
});

const GRAMMAR = [
  '{"argv":',
  '"names":',
  "[",
  "]",
  "{",
  "}",
  ",",
  "0",
  "1",
  '"A"',
  "null",
  '"',
  "1e400",
  "-1",
  "0.5",
];

export const expansions = target({
  name: "piggy-expand",
  inputs: fc.oneof(
    words(GRAMMAR),
    fc
      .record({
        argv: fc.array(fc.oneof(fc.integer(), fc.string())),
        names: fc.array(fc.oneof(fc.string(), fc.constantFrom("A", "__proto__"))),
      })
      .map((value) => JSON.stringify(value)),
  ),
  check(text) {
    const reading = read(() =>
      parseExpansion(
        new Map([
          ["PIGGY_EXPAND", text],
          ["PIGGY_MENTIONED", "A=$(A)|B=b"],
          ["PIGGY_UID", "|"],
        ]),
      ),
    );
    if (!reading.ok) return reasonOf(reading);
    const { elements, names } = reading.value;
    if (names.has("A")) throw new Error("the kubelet does not know A");
    if ([...elements].some((element) => !Number.isInteger(element))) throw new Error("an element is none");
    return elements.size === 0 ? "nothing" : "elements";
  },
});
