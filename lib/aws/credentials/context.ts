/** What is between a source of credentials and the world. */
import type { Send } from "../send.ts";

/** Asks whoever sits at the terminal; the line that was given, or undefined where there is no terminal. */
export type Ask = (question: string) => Promise<string | undefined>;

export type ReadText = (file: string) => string | Promise<string>;

/** What every source of credentials is handed. */
export interface CredentialContext {
  /** Never the process's own, which lacks what the launcher hides. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where STS is asked, unless the profile has a region of its own. */
  readonly region: string;
  readonly signal: AbortSignal;
  readonly send: Send;
  readonly ask: Ask;
  /** A file of UTF-8. @throws when it cannot be read */
  readonly readText: ReadText;
}
