import { type Status, status } from "./status.ts";

export interface Fault {
  /** Absent: every method. */
  readonly method?: string;
  /** Matched against the path with its query. Absent: every request. */
  readonly path?: RegExp;
  readonly status: number;
  readonly times: number;
  readonly delayMs?: number;
  /** Waited for before it is answered. */
  readonly until?: Promise<unknown>;
}

/** One that was ordered. */
export interface Ordered {
  /** How many requests have met it so far, answered or not. */
  met(): number;
  /** Requests meet it no more, however many were ordered. */
  end(): void;
}

/** Faults that a test has ordered, taken in the order in which they were ordered. */
export class Faults {
  readonly #pending: { readonly fault: Fault; left: number; met: number }[] = [];

  add(fault: Fault): Ordered {
    const entry = { fault, left: fault.times, met: 0 };
    this.#pending.push(entry);
    return {
      met: () => entry.met,
      end() {
        entry.left = 0;
      },
    };
  }

  take(method: string, path: string): Fault | undefined {
    const entry = this.#pending.find(({ fault, left }) => left > 0 && isMet(fault, method, path));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    entry.met += 1;
    return entry.fault;
  }
}

function isMet(fault: Fault, method: string, path: string): boolean {
  return (fault.method ?? method) === method && (fault.path?.test(path) ?? true);
}

const REASONS: { readonly [code: number]: readonly [reason: string, message: string] } = {
  401: ["Unauthorized", "Unauthorized"],
  403: ["Forbidden", "forbidden"],
  404: ["NotFound", "the server could not find the requested resource"],
  409: ["Conflict", "Operation cannot be fulfilled: the object has been modified"],
  429: ["TooManyRequests", "Too many requests, please try again later."],
  500: ["InternalError", "Internal error occurred: etcdserver: leader changed"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "Timeout: request did not complete within the allotted timeout"],
};

export function faultStatus(code: number): Status {
  const [reason, message] = REASONS[code] ?? ["InternalError", "Internal error occurred"];
  return status(code, reason, message);
}
