/** Our own service-account token. The kubelet replaces the file long before the token expires. */
import { readFile } from "node:fs/promises";

/** As often as client-go looks. */
const REREAD_AFTER_MS = 60_000;

export interface TokenSource {
  /** The token as the file has it, read at most a minute ago: nearly always one that is here already. */
  current(): string | Promise<string>;
  /** Makes the next call read the file: the token was refused. */
  forget(): void;
}

export function tokenFromFile(file: string, now: () => number = Date.now): TokenSource {
  let token: { readonly text: string; readonly readAt: number } | undefined;
  const read = async () => {
    token = { text: (await readFile(file, "utf8")).trim(), readAt: now() };
    return token.text;
  };
  return {
    current() {
      const isFresh = token !== undefined && now() - token.readAt <= REREAD_AFTER_MS;
      return token !== undefined && isFresh ? token.text : read();
    },
    forget() {
      token = undefined;
    },
  };
}
