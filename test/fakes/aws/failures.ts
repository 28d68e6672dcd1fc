import { AwsError } from "./error.ts";

export type Action =
  | "GetSecretValue"
  | "GetParameter"
  | "GetParametersByPath"
  | "AssumeRole"
  | "AssumeRoleWithWebIdentity"
  | "GetAuthorizationToken";

/** The next `times` authenticated calls of `action` wait for `delayMs` and are answered with this error. */
export interface Failure {
  readonly action: Action;
  readonly times: number;
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly delayMs?: number;
}

export class Failures {
  readonly #queue: { readonly failure: Failure; left: number }[] = [];

  add(failure: Failure): void {
    this.#queue.push({ failure, left: failure.times });
  }

  /** @throws AwsError when a failure is due */
  async meet(action: string): Promise<void> {
    const due = this.#queue.find(({ failure, left }) => failure.action === action && left > 0);
    if (due === undefined) return;
    due.left -= 1;
    const { status, code, message, delayMs } = due.failure;
    if (delayMs !== undefined) await Bun.sleep(delayMs);
    throw new AwsError(status, code, message ?? `${code} on demand`);
  }
}
