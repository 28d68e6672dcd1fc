/** The parts of docs/optimizing.md: what each choice costs, from what the benches measured. Pure. */
import { OURS as ADMISSION } from "../../bench/admission/names.ts";
import { NAMES } from "../../bench/injector/names.ts";
import { NAMES as POD } from "../../bench/pod-start/names.ts";
import { OURS, UNCACHED } from "../../bench/secret/names.ts";
import { markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import { type Results, the } from "./results.ts";

const BUSY = 16;

export function optimizingParts(results: Results): Parts {
  return {
    "what a Pod costs": podCosts(results.admission),
    "ways to AWS": waysToAws(results.injector),
    "what the cache saves": cacheSavings(results.secret),
    "what the image weighs": imageWeight(results.sizes),
    "what each adds to a Pod's start": podStarts(results["pod-start"]),
  };
}

function podCosts({ measurements }: Results["admission"]): string {
  const row = (scenario: string, what: string) => {
    const { cpuMicroseconds, p99Milliseconds } = the(measurements, {
      scenario,
      connections: BUSY,
      server: ADMISSION,
    });
    return [what, `${cpuMicroseconds.toFixed(0)} µs`, `${p99Milliseconds.toFixed(1)} ms`];
  };
  return markdownTable(
    ["A Pod that", "processor time", "p99, with 16 at a time"],
    [
      row("nothing to do", "has nothing of Piggy's, and is sent all the same"),
      row("command given", "holds references, and names its `command`"),
      row("image known", "holds references, and runs what its image says, which was looked up before"),
    ],
  );
}

function waysToAws({ measurements }: Results["injector"]): string {
  const median = (name: string) => `${the(measurements, { name }).median.toFixed(1)} ms`;
  return markdownTable(
    ["A container's start", "takes", "calls to AWS"],
    [
      ["proxy mode", median(NAMES.proxy), "one for each secret and replica in a `PIGGY_CACHE_TTL`"],
      ["proxy mode, in a network of 0.5 ms round trips", median(NAMES.farProxy), "the same"],
      ["standalone, static keys", median(NAMES.keys), "one for each container"],
      ["standalone, IRSA", median(NAMES.role), "two for each container: STS, and the secret"],
      ["nothing to resolve", median(NAMES.nothing), "none"],
      ["without `piggy-env`", median(NAMES.target), ""],
    ],
  );
}

function cacheSavings({ measurements }: Results["secret"]): string {
  const row = (server: string, what: string) => {
    const { requestsPerSecond, cpuMicroseconds, p99Milliseconds, awsCalls } = the(measurements, {
      connections: BUSY,
      server,
    });
    return [
      what,
      requestsPerSecond.toFixed(0),
      `${cpuMicroseconds.toFixed(0)} µs`,
      `${p99Milliseconds.toFixed(1)} ms`,
      awsCalls.toFixed(0),
    ];
  };
  return markdownTable(
    ["`POST /secret` on one processor", "a second", "processor time", "p99", "AWS calls a request"],
    [row(OURS, "as it is"), row(UNCACHED, 'with `PIGGY_CACHE_TTL: "0"`')],
  );
}

function imageWeight({ images }: Results["sizes"]): string {
  const { onDisk, compressed } = the(images, { image: "piggy-env", architecture: "amd64" });
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return `The image of \`piggy-env\` is ${megabytes(compressed)} to pull and ${megabytes(onDisk)} on disk.`;
}

function podStarts({ measurements }: Results["pod-start"]): string {
  const row = (what: string, here: string, pulled: string) => {
    const median = (name: string) => `${(the(measurements, { name }).median / 1000).toFixed(2)} s`;
    return [what, median(here), median(pulled)];
  };
  return markdownTable(
    ["From a Pod's creation to its application", "images on the node", "every image pulled first"],
    [
      row("without `piggy-env`", POD.plain, POD.coldPlain),
      row("an image volume", POD.image, POD.coldImage),
      row("the init container", POD.init, POD.coldInit),
      row("an init container with a Go program of 9 MB", POD.peer, POD.coldPeer),
    ],
  );
}
