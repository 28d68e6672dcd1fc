/** A parser called: what it read, or the code that it refused the input with. Anything else that it throws is a defect. */
import { PiggyError } from "../../lib/error.ts";

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Stands in inputs where a secret would, and is to be in no message. */
export const HUSH = "hush7hush";

/** @param told of a message what must hold nothing secret */
export function read<T>(parse: () => T, told?: (message: string) => string): Reading<T> {
  try {
    return { ok: true, value: parse() };
  } catch (error) {
    return refusal(error, told);
  }
}

export async function readLater<T>(
  parse: () => Promise<T>,
  told = (message: string): string => message,
): Promise<Reading<T>> {
  try {
    return { ok: true, value: await parse() };
  } catch (error) {
    return refusal(error, told);
  }
}

function refusal(error: unknown, told = (message: string): string => message) {
  if (!(error instanceof PiggyError)) throw new Error(`it throws no PiggyError: ${error}`, { cause: error });
  const { code, message } = error;
  if (told(message).includes(HUSH)) throw new Error(`a message has what was secret: ${message}`);
  if (message.trim() === "") throw new Error("a message says nothing");
  return { ok: false, code, message } as const;
}

/** What a message says, without what it quotes: the same for all inputs that are refused for the same reason. */
export function reasonOf({ code, message }: { readonly code: string; readonly message: string }): string {
  const words = message.replace(/"(?:[^"\\]|\\.)*"?/g, "_").replace(/\d+/g, "0");
  return `${code}: ${words}`.slice(0, 100);
}
