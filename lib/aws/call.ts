/** One call to AWS, and what it is made through: whoever reads decides when, how long and how often. */
import type { Service } from "./endpoint.ts";

export interface AwsCall {
  readonly service: Service;
  readonly region: string;
  /** As AWS names it: `GetSecretValue`. */
  readonly action: string;
}

/** How calls are made for whoever reads. */
export interface Calls {
  readonly make: MakeCall;
  /** For a call that another waits for: it has its turn, its time and its tries by that one. */
  readonly measure: MakeCall;
}

/** @param run makes the call, with the signal of this one try; what it throws is a PiggyError */
export type MakeCall = <T>(
  call: AwsCall,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;
