/**
 * How piggy-env is told of the test's CA. AWS_CA_BUNDLE is the way; while it is not obeyed, the injector is started
 * without its launcher, which hides the variable that Bun itself obeys.
 */
import { join } from "node:path";
import { compileProgram } from "../../scripts/compile.ts";
import { type Start, timed } from "../start.ts";

export interface TrustedStart {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts it once to see. */
export async function trustingStart(
  run: string,
  piggyEnv: string,
  caFile: string,
  start: (trusted: TrustedStart) => Start,
  directory: string,
): Promise<TrustedStart> {
  const trusted = { program: piggyEnv, environment: { AWS_CA_BUNDLE: caFile } };
  const { argv, environment } = start(trusted);
  try {
    await timed(run, { argv, environment: { ...environment, PIGGY_NUMBER_OF_RETRY: "0" } });
    return trusted;
  } catch {
    console.log(
      "piggy-env does not obey AWS_CA_BUNDLE: standalone without its launcher, NODE_EXTRA_CA_CERTS\n",
    );
    const program = join(directory, "injector");
    await compileProgram("injector.ts", program);
    return { program, environment: { ...trusted.environment, NODE_EXTRA_CA_CERTS: caFile } };
  }
}
