/** Our own service-account token. The kubelet replaces the file long before the token expires. */
import { readFile } from "node:fs/promises";

/** As often as client-go looks. */
const REREAD_AFTER_MS = 60_000;

export interface TokenSource {
  /** The token as the file has it, read at most a minute ago. */
  current(): Promise<string>;
  /** Makes the next call read the file: the token was refused. */
  forget(): void;
}

export function tokenFromFile(file: string, now: () => number = Date.now): TokenSource {
  let token: { readonly text: string; readonly readAt: number } | undefined;
  return {
    async current() {
      if (token === undefined || now() - token.readAt > REREAD_AFTER_MS) {
        token = { text: (await readFile(file, "utf8")).trim(), readAt: now() };
      }
      return token.text;
    },
    forget() {
      token = undefined;
    },
  };
}
