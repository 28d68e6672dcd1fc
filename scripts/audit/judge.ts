/** What `npm audit --json` found, and whether that is a failure. Pure. Source: npm documentation, "npm-audit". */
import { isJsonObject, type JsonObject, own, parseJson } from "../../lib/json.ts";

export interface Judgement {
  readonly isFailure: boolean;
  /** For whoever reads the log. */
  readonly lines: readonly string[];
}

/** Of a registry that passes packages on, and has no list of what is known against them. */
const NOT_OFFERED: ReadonlySet<unknown> = new Set([403, 404, 405, 501]);
const FAILING: ReadonlySet<unknown> = new Set(["high", "critical"]);

export function judgeAudit(output: string): Judgement {
  const report = parseJson(output);
  if (!isJsonObject(report)) return { isFailure: true, lines: [`npm audit says no JSON: ${output.trim()}`] };
  const found = own(report, "vulnerabilities");
  if (isJsonObject(found)) return judgeFound(found);
  const message = String(own(report, "message") ?? JSON.stringify(report));
  if (NOT_OFFERED.has(own(report, "statusCode")))
    return {
      isFailure: false,
      lines: [`nobody was asked: the registry does not offer npm audit: ${message}`],
    };
  return { isFailure: true, lines: [`npm audit could not ask: ${message}`] };
}

function judgeFound(found: JsonObject): Judgement {
  const entries = Object.entries(found).map(([name, entry]) => {
    const severity = isJsonObject(entry) ? own(entry, "severity") : undefined;
    return { name, severity, about: isJsonObject(entry) ? aboutIn(entry) : "" };
  });
  if (entries.length === 0) return { isFailure: false, lines: ["nothing is known against what is shipped"] };
  return {
    isFailure: entries.some(({ severity }) => FAILING.has(severity)),
    lines: entries.map(({ name, severity, about }) => `${severity}: ${name}${about}`),
  };
}

/** What is known of it, or by way of which other package. */
function aboutIn(entry: JsonObject): string {
  const via = own(entry, "via");
  const said = (Array.isArray(via) ? via : []).map((each: unknown) =>
    isJsonObject(each) ? `${own(each, "title")} ${own(each, "url")}` : `by way of ${String(each)}`,
  );
  return said.map((each) => `\n  ${each}`).join("");
}
