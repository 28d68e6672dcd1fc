/**
 * `npm run bench -- NAME [--check] [--rounds N] [--minutes N]`: measures one thing beside something else that runs in
 * the same minutes. With --check it exits with 1 when what we claim of it does not hold; with --minutes it also watches
 * for so long what has to last, where the bench has such a thing.
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

interface Arguments {
  readonly load: () => Promise<Bench>;
  readonly isCheck: boolean;
  readonly options: BenchOptions;
}

const COUNT = /^[1-9]\d{0,5}$/;

function readArguments(): Arguments | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        check: { type: "boolean", default: false },
        rounds: { type: "string" },
        minutes: { type: "string" },
      },
    });
    const [name = "", ...rest] = positionals;
    const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
    const { check: isCheck, rounds, minutes } = values;
    const isReadable = [rounds, minutes].every((count) => count === undefined || COUNT.test(count));
    if (load === undefined || rest.length > 0 || !isReadable) return undefined;
    const options = {
      ...(rounds === undefined ? {} : { rounds: Number(rounds) }),
      ...(minutes === undefined ? {} : { minutes: Number(minutes) }),
    };
    return { load, isCheck, options };
  } catch {
    return undefined;
  }
}

const given = readArguments();
if (given === undefined) {
  const names = Object.keys(benches).join(", ");
  console.error(
    `usage: npm run bench -- NAME [--check] [--rounds N] [--minutes N], where NAME is one of ${names}`,
  );
  process.exit(2);
}
const bench = await given.load();
const claims = await bench(given.options);
console.log(`\n${claims.map(formatClaim).join("\n")}`);
process.exit(given.isCheck && claims.some(isMissed) ? 1 : 0);
