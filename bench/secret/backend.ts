/** A cluster and AWS as one program: see ../backend. It shares the client's processor. */
import { type Process, startProcess } from "../server.ts";

/** How AWS behaves. */
export interface Conduct {
  /** Milliseconds until it answers. */
  readonly delay: number;
  /** One call in so many is throttled; 0 for none. */
  readonly throttleOneIn: number;
  /** Every connection is cut without an answer. */
  readonly isDown: boolean;
}

/** What it was asked since it started. */
export interface Counts {
  readonly tokenReviews: number;
  readonly podReads: number;
  /** Of AWS, that were answered; `throttled` are among them. */
  readonly calls: number;
  readonly throttled: number;
  /** Of AWS while it was down. */
  readonly cut: number;
}

export interface Backend extends Process {
  behave(conduct: Conduct): Promise<void>;
  counts(): Promise<Counts>;
}

const START_TIMEOUT_MS = 10_000;

/** Starts it and waits until it answers. @throws Error when it does not */
export async function startBackend(start: {
  readonly command: readonly string[];
  readonly directory: string;
  readonly awsUrl: string;
}): Promise<Backend> {
  const { command, directory, awsUrl } = start;
  const process = startProcess("client", { name: "backend", command, environment: {}, directory });
  const control = async (init: RequestInit): Promise<Counts> => {
    const response = await fetch(`${awsUrl}/bench`, init);
    if (!response.ok) throw new Error(`the backend answers ${response.status}`);
    const counts: Counts = JSON.parse(await response.text());
    return counts;
  };
  const backend: Backend = {
    ...process,
    behave: async (conduct) => void (await control({ method: "PUT", body: JSON.stringify(conduct) })),
    counts: () => control({ method: "GET" }),
  };
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await backend.counts();
      return backend;
    } catch (error) {
      if (performance.now() < end) {
        await Bun.sleep(20);
        continue;
      }
      await backend.stop();
      throw error;
    }
  }
}
