/** What a server does under load and what that costs it, and the medians of several such samples. */
import { quantile } from "./quantile.ts";
import { type Shot, shoot } from "./shoot.ts";

export interface Sample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** Microseconds of the server's processor time a request. */
  readonly cpuMicroseconds: number;
  /** Bytes, right after. */
  readonly memory: number;
  /** The client's, likewise. */
  readonly clientCpuMicroseconds: number;
  /** Of one processor: at 1 the client is what is measured. */
  readonly clientShare: number;
}

/** @throws Error when a single answer is not what it should be */
export async function sample(shot: Shot): Promise<Sample> {
  const { server } = shot;
  const before = await server.cpuTime();
  const { requests, seconds, p50Milliseconds, p99Milliseconds, cpuSeconds } = await shoot(shot);
  const cpu = (await server.cpuTime()) - before;
  return {
    requests,
    requestsPerSecond: requests / seconds,
    p50Milliseconds,
    p99Milliseconds,
    cpuMicroseconds: cpu / requests,
    memory: await server.memory(),
    clientCpuMicroseconds: (cpuSeconds * 1e6) / requests,
    clientShare: cpuSeconds / seconds,
  };
}

export function medianOf(samples: readonly Sample[]): Sample {
  const median = (field: keyof Sample) =>
    quantile(
      samples.map((each) => each[field]),
      0.5,
    );
  return {
    requests: median("requests"),
    requestsPerSecond: median("requestsPerSecond"),
    p50Milliseconds: median("p50Milliseconds"),
    p99Milliseconds: median("p99Milliseconds"),
    cpuMicroseconds: median("cpuMicroseconds"),
    memory: median("memory"),
    clientCpuMicroseconds: median("clientCpuMicroseconds"),
    clientShare: median("clientShare"),
  };
}
