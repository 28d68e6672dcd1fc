/**
 * `npm run bench -- NAME [--check] [--rounds N]`: measures one thing beside something else that runs in the same
 * minutes. With --check it exits with 1 when what we claim of it does not hold.
 */
import { parseArgs } from "node:util";
import { type Claim, formatClaim, isMissed } from "./claim.ts";

/** Measures, prints, and says what of our claims was seen. */
type Bench = (rounds: number | undefined) => Promise<readonly Claim[]>;

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  admission: async () => (await import("./admission.ts")).benchAdmission,
  injector: async () => (await import("./injector.ts")).benchInjector,
  secret: async () => (await import("./secret.ts")).benchSecret,
};

interface Arguments {
  readonly load: () => Promise<Bench>;
  readonly isCheck: boolean;
  readonly rounds: number | undefined;
}

function readArguments(): Arguments | undefined {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { check: { type: "boolean", default: false }, rounds: { type: "string" } },
    });
    const [name = "", ...rest] = positionals;
    const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (load === undefined || rest.length > 0) return undefined;
    if (values.rounds === undefined) return { load, isCheck: values.check, rounds: undefined };
    const isCount = /^[1-9]\d{0,5}$/.test(values.rounds);
    return isCount ? { load, isCheck: values.check, rounds: Number(values.rounds) } : undefined;
  } catch {
    return undefined;
  }
}

const given = readArguments();
if (given === undefined) {
  const names = Object.keys(benches).join(", ");
  console.error(`usage: npm run bench -- NAME [--check] [--rounds N], where NAME is one of ${names}`);
  process.exit(2);
}
const bench = await given.load();
const claims = await bench(given.rounds);
console.log(`\n${claims.map(formatClaim).join("\n")}`);
process.exit(given.isCheck && claims.some(isMissed) ? 1 : 0);
