/**
 * `npm run bench -- NAME [--check] [--rounds N] [--minutes N]`: measures one thing beside something else that runs in
 * the same minutes. With --check it exits with 1 when what we claim of it does not hold; with --minutes it also watches
 * for so long what has to last, where the bench has such a thing.
 *
 * `npm run bench -- NAME --compare`: starts the same and holds the answers against each other, measures nothing and
 * writes nothing. It exits with 1 when they differ, or when anything does not start.
 */
import { parseArgs } from "node:util";
import type { BenchOptions } from "./bench-options.ts";
import { type Claim, formatClaim, isMissed } from "./claim.ts";

/** Measures, prints, and says what of our claims was seen. */
type Bench = (options: BenchOptions) => Promise<readonly Claim[]>;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  admission: async () => (await import("./admission.ts")).benchAdmission,
  dashboard: async () => (await import("./dashboard.ts")).benchDashboard,
  injector: async () => (await import("./injector.ts")).benchInjector,
  "pod-start": async () => (await import("./pod-start.ts")).benchPodStart,
  secret: async () => (await import("./secret.ts")).benchSecret,
  sizes: async () => (await import("./sizes.ts")).benchSizes,
};

/** @throws Error that says what differs */
type Comparison = () => Promise<void>;

const comparisons: Readonly<Record<string, () => Promise<Comparison>>> = {
  admission: async () => (await import("./admission.ts")).compareAdmission,
  injector: async () => (await import("./injector.ts")).compareInjector,
  secret: async () => (await import("./secret.ts")).compareSecret,
};

/** Does what was asked, and says what the program is to exit with. */
type Work = () => Promise<number>;

const COUNT = /^[1-9]\d{0,5}$/;

/** @returns undefined for arguments that say nothing we know */
function workOf(): Work | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        check: { type: "boolean", default: false },
        compare: { type: "boolean", default: false },
        rounds: { type: "string" },
        minutes: { type: "string" },
      },
    });
    const [name = "", ...rest] = positionals;
    const { check: isCheck, compare: isComparison, rounds, minutes } = values;
    const counts = [rounds, minutes].filter((count) => count !== undefined);
    if (rest.length > 0 || !counts.every((count) => COUNT.test(count))) return undefined;
    if (isComparison) {
      const load = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
      if (load === undefined || isCheck || counts.length > 0) return undefined;
      return () => compare(name, load);
    }
    const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (load === undefined) return undefined;
    const options = {
      ...(rounds === undefined ? {} : { rounds: Number(rounds) }),
      ...(minutes === undefined ? {} : { minutes: Number(minutes) }),
    };
    return () => measure(load, options, isCheck);
  } catch {
    return undefined;
  }
}

async function measure(load: () => Promise<Bench>, options: BenchOptions, isCheck: boolean): Promise<number> {
  const bench = await load();
  const claims = await bench(options);
  console.log(`\n${claims.map(formatClaim).join("\n")}`);
  return isCheck && claims.some(isMissed) ? 1 : 0;
}

async function compare(name: string, load: () => Promise<Comparison>): Promise<number> {
  const comparison = await load();
  try {
    await comparison();
    console.log(`${name}: all that is measured runs and gives the same answers`);
    return 0;
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

const work = workOf();
if (work === undefined) {
  const [measured, compared] = [benches, comparisons].map((each) => Object.keys(each).join(", "));
  console.error(
    `usage: npm run bench -- NAME [--check] [--rounds N] [--minutes N], where NAME is one of ${measured}\n` +
      `       npm run bench -- NAME --compare, where NAME is one of ${compared}`,
  );
  process.exit(2);
}
process.exit(await work());
