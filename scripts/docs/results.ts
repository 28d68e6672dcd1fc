/** What the benches left in bench/results, as the pages read it. */
import type { Measurement as AdmissionMeasurement } from "../../bench/admission/measure.ts";
import type { Claim } from "../../bench/claim.ts";
import type { Measurement as InjectorMeasurement } from "../../bench/interleave.ts";
import type { Machine } from "../../bench/machine.ts";
import type { Findings } from "../../bench/secret/claims.ts";
import type { SizesReport } from "../../bench/sizes.ts";
import type { SoakResults } from "../../soak/report.ts";

interface Report extends Machine {
  readonly versions: Readonly<Record<string, string>>;
  readonly claims: readonly Claim[];
}

export interface Results {
  readonly admission: Report & { readonly measurements: readonly AdmissionMeasurement[] };
  readonly injector: Report & {
    readonly measurements: readonly InjectorMeasurement[];
    /** Bytes on disk. */
    readonly fileSizes: Readonly<Record<string, number>>;
  };
  readonly "pod-start": Report & { readonly measurements: readonly InjectorMeasurement[] };
  readonly secret: Report & Findings;
  readonly sizes: SizesReport;
  readonly soak: SoakResults & Machine;
}

export type Bench = keyof Results;

/** @param read of a file of the repository */
export async function readResults(read: (file: string) => Promise<string>): Promise<Results> {
  const of = async (bench: Bench) => JSON.parse(await read(`bench/results/${bench}.json`));
  return {
    admission: await of("admission"),
    injector: await of("injector"),
    "pod-start": await of("pod-start"),
    secret: await of("secret"),
    sizes: await of("sizes"),
    soak: await of("soak"),
  };
}

/** When and where, and with what. */
export function describeRun(report: Machine & Pick<Report, "versions">): string {
  const { date, processor, processors, kernel, versions } = report;
  // Go's own version begins with its name.
  const named = (name: string, version: string) =>
    version.startsWith(name) ? version : `${name} ${version}`;
  const programs = Object.entries(versions).map(([name, version]) => named(name, version));
  return `${date.slice(0, 10)}, ${processors} × ${processor}, Linux ${kernel}; ${programs.join(", ")}.`;
}

/** The one with these fields. @throws Error where there is none: a figure is not made up */
export function the<T extends object>(all: readonly T[], wanted: Partial<T>): T {
  const found = all.find((each) =>
    Object.entries(wanted).every(([field, value]) => Reflect.get(each, field) === value),
  );
  if (found === undefined) throw new Error(`nothing was measured of ${JSON.stringify(wanted)}`);
  return found;
}
