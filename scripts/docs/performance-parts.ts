/** The parts of docs/performance.md, from what the benches measured. Pure. */
import { type Claim, isMissed } from "../../bench/claim.ts";
import { type Column, laidOut, mebibytes, OF_LOAD, OF_ROLLOUT } from "../../bench/columns.ts";
import type { StormResult } from "../../bench/secret/storm.ts";
import { markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import { describeRun, type Results } from "./results.ts";

export function performanceParts(results: Results): Parts {
  const { admission, injector, secret, sizes, "pod-start": podStart } = results;
  return {
    "missed targets": missedTargets(results),
    "a container's start": injectorTable(injector),
    "a container's start: run": describeRun(injector),
    "a container's start: targets": targets(injector.claims),
    "a Pod's start": podStartTable(podStart),
    "a Pod's start: run": describeRun(podStart),
    "a Pod's start: targets": targets(podStart.claims),
    "POST /mutate": admissionTable(admission),
    "POST /mutate: run": describeRun(admission),
    "POST /mutate: targets": targets(admission.claims),
    "POST /secret": secretTable(secret),
    "POST /secret: rollouts": stormTable(secret),
    "POST /secret: run": describeRun(secret),
    "POST /secret: targets": targets(secret.claims),
    "the images": sizesTable(sizes),
    "the images: beside": `Beside the programs above: ${programSizes(injector)} on disk.`,
    "the images: run": describeRun(sizes),
  };
}

function missedTargets(results: Results): string {
  const claims = (["injector", "pod-start", "admission", "secret"] as const).flatMap(
    (bench) => results[bench].claims,
  );
  const missed = claims.filter(isMissed);
  const skipped = claims.filter(({ measured }) => measured === undefined);
  const head = `Of ${claims.length} targets ${claims.length - missed.length - skipped.length} are met, ${missed.length} are missed and ${skipped.length} were not measured.`;
  return missed.length === 0
    ? head
    : `${head} Missed:\n\n${missed.map((claim) => `- ${claim.what}: ${measuredText(claim)}, ${boundText(claim)} wanted`).join("\n")}`;
}

export function targets(claims: readonly Claim[]): string {
  return markdownTable(
    ["Target", "Wanted", "Measured", ""],
    claims.map((claim) => [claim.what, boundText(claim), measuredText(claim), verdict(claim)]),
  );
}

function verdict(claim: Claim): string {
  if (claim.measured === undefined) return "not measured";
  return isMissed(claim) ? "**missed**" : "met";
}

function boundText(claim: Claim): string {
  const bound = "atMost" in claim ? `at most ${claim.atMost}` : `at least ${claim.atLeast}`;
  return `${bound} ${claim.unit}`;
}

function measuredText({ measured, unit }: Claim): string {
  if (measured === undefined) return "";
  const isCount = unit !== "times" && unit !== "ms";
  return isCount ? String(measured) : measured.toFixed(3);
}

function injectorTable({ measurements }: Results["injector"]): string {
  return markdownTable(
    ["Whole process", "median ms", "fastest", "90 %", "memory, MiB"],
    measurements.map(({ name, median, fastest, ninetieth, peakMemory }) => [
      name,
      median.toFixed(2),
      fastest.toFixed(2),
      ninetieth.toFixed(2),
      peakMemory === undefined ? "" : mebibytes(peakMemory),
    ]),
  );
}

function podStartTable({ measurements }: Results["pod-start"]): string {
  return markdownTable(
    ["Pod", "Pods", "median ms", "25 %", "75 %", "fastest"],
    measurements.map(({ name, rounds, ...milliseconds }) => [
      name,
      String(rounds),
      ...(["median", "lowerQuartile", "upperQuartile", "fastest"] as const).map((which) =>
        milliseconds[which].toFixed(0),
      ),
    ]),
  );
}

function admissionTable({ measurements }: Results["admission"]): string {
  const columns: readonly Column<(typeof measurements)[number]>[] = [
    ["Pod", ({ scenario }) => scenario],
    ["Server", ({ server }) => server],
    ...OF_LOAD,
  ];
  return markdownTable(...laidOut(columns, measurements));
}

function secretTable({ measurements }: Results["secret"]): string {
  const columns: readonly Column<(typeof measurements)[number]>[] = [
    ["Server", ({ server }) => server],
    ...OF_LOAD,
    ["AWS calls a request", ({ awsCalls }) => awsCalls.toFixed(2)],
  ];
  return markdownTable(...laidOut(columns, measurements));
}

function stormTable({ throttled, down, limited, soak }: Results["secret"]): string {
  const storms: readonly (StormResult | undefined)[] = [throttled, down, limited, soak];
  const measured = storms.filter((each) => each !== undefined);
  return markdownTable(...laidOut(OF_ROLLOUT, measured));
}

function sizesTable({ images }: Results["sizes"]): string {
  return markdownTable(
    ["Image", "Architecture", "MB on disk", "MB compressed"],
    images.map(({ image, architecture, onDisk, compressed }) => [
      image,
      architecture,
      megabytes(onDisk),
      megabytes(compressed),
    ]),
  );
}

function programSizes({ fileSizes }: Results["injector"]): string {
  const sizes = Object.entries(fileSizes).map(([name, bytes]) => `${name} ${megabytes(bytes)} MB`);
  return sizes.join(", ");
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
