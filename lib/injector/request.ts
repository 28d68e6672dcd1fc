/** The bytes of an HTTP/1.1 request. Source: RFC 9112. */
import { PiggyError } from "../error.ts";
import { encodeText } from "./bytes.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  /** `Host` and `Content-Length` come by themselves. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @throws PiggyError `usage` for a header that would break out of its line: it came from a file or a variable */
export function formatRequest({ method, url, headers, body }: Request): string {
  let head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`;
  for (const name in headers) {
    // It is formatted as the one that the request goes to.
    if (name.toLowerCase() !== "host") head += `${formatHeader(name, headers[name] ?? "")}\r\n`;
  }
  return `${head}Content-Length: ${encodeText(body).length}\r\n\r\n${body}`;
}

function formatHeader(name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (!/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return `${name}: ${value}`;
  throw new PiggyError(
    "usage",
    `the value of the header ${name} holds a line break or another control character`,
  );
}

/** Host name without brackets, and port, of an http or https URL or of a `HOST:PORT`. */
export function hostAndPort(url: URL): { readonly hostname: string; readonly port: number } {
  const standard = url.protocol === "https:" ? 443 : 80;
  return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || standard };
}
