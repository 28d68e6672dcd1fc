import type { Send } from "../send.ts";

/** What every source of credentials is handed. */
export interface CredentialContext {
  /** Never the process's own, which lacks what the launcher hides. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where STS is asked, unless the profile has a region of its own. */
  readonly region: string;
  readonly signal: AbortSignal;
  readonly send: Send;
}
