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

/** What calls meet from now on, until it is over. */
export interface Disturbance {
  /** Absent: every action. */
  readonly action?: Action;
  /** The secret's, parameter's or path's name as it was asked for. Absent: every one. */
  readonly name?: string;
  readonly region?: string;
  /** One in so many of those that are meant; 1 by default. */
  readonly every?: number;
  /** Waited for before anything is said. */
  readonly until?: Promise<unknown>;
  /** Absent: they are only late. `no answer`: the connection stays open, and nothing comes. */
  readonly answer?:
    | { readonly status: number; readonly code: string; readonly message?: string }
    | "no answer";
}

/** One that is under way. */
export interface Disturbing {
  end(): void;
  /** How many calls were meant so far. */
  met(): number;
}

export interface Asked {
  readonly action: string;
  readonly region: string | undefined;
  readonly input: unknown;
}

export class Failures {
  readonly #queue: { readonly failure: Failure; left: number }[] = [];
  readonly #disturbances = new Set<{ readonly disturbance: Disturbance; met: number }>();

  add(failure: Failure): void {
    this.#queue.push({ failure, left: failure.times });
  }

  begin(disturbance: Disturbance): Disturbing {
    const entry = { disturbance, met: 0 };
    this.#disturbances.add(entry);
    return { end: () => void this.#disturbances.delete(entry), met: () => entry.met };
  }

  /** @throws AwsError when a failure is due */
  async meet(asked: Asked): Promise<void> {
    const due = this.#queue.find(({ failure, left }) => failure.action === asked.action && left > 0);
    if (due === undefined) return this.#disturb(asked);
    due.left -= 1;
    const { status, code, message, delayMs } = due.failure;
    if (delayMs !== undefined) await Bun.sleep(delayMs);
    throw new AwsError(status, code, message ?? `${code} on demand`);
  }

  async #disturb(asked: Asked): Promise<void> {
    for (const entry of this.#disturbances) {
      if (!isMeant(entry.disturbance, asked)) continue;
      entry.met += 1;
      const { every = 1, until, answer } = entry.disturbance;
      if (entry.met % every !== 0) continue;
      await until;
      if (answer === "no answer") await new Promise<never>(() => {});
      else if (answer !== undefined) {
        throw new AwsError(answer.status, answer.code, answer.message ?? `${answer.code} on demand`);
      }
    }
  }
}

function isMeant({ action, name, region }: Disturbance, asked: Asked): boolean {
  if (action !== undefined && action !== asked.action) return false;
  if (region !== undefined && region !== asked.region) return false;
  return name === undefined || namesIn(asked.input).includes(name);
}

function namesIn(input: unknown): readonly unknown[] {
  if (typeof input !== "object" || input === null) return [];
  return ["SecretId", "Name", "Path"].map((field) => Reflect.get(input, field));
}
