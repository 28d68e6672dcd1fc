/**
 * Containers that start one after the other, each asking for its secrets as piggy-env does: by its code, with its
 * patience, over a connection of its own. A process of its own: `bun containers.ts PLAN.json`. Prints an Outcome.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type Connection, connect } from "../../lib/connection.ts";
import { asPiggyError } from "../../lib/error.ts";
import { askWebhook } from "../../lib/injector/proxy.ts";
import { failureIn, withPatience } from "../../lib/injector/retry.ts";
import { quantile } from "../quantile.ts";
import { type Caller, KEYS } from "./caller.ts";

/** What is to be started, and whom it asks. */
export interface Plan {
  readonly callers: readonly Caller[];
  /** How many containers, of those callers in turn. */
  readonly containers: number;
  readonly seconds: number;
  /** HOST:PORT of each replica; each connection goes to one of them by chance, as through a Service. */
  readonly addresses: readonly string[];
  /** PEM. */
  readonly ca: string;
  readonly uid: string;
  readonly argv: readonly string[];
  /** An empty folder for their tokens. */
  readonly directory: string;
}

export interface Outcome {
  readonly containers: number;
  /** Those that ended without their secrets: a code and how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** Questions, of all containers together. */
  readonly attempts: number;
  /** From the first question to the answer, pauses in between included. */
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly slowestMilliseconds: number;
}

/** The default of piggy-deadline. */
const DEADLINE_MS = 60_000;

async function start(plan: Plan): Promise<Outcome> {
  await mkdir(plan.directory, { recursive: true });
  const containers = await Promise.all(
    plan.callers.map(async (caller, index) => {
      const tokenFile = `${plan.directory}/${index}`;
      await writeFile(tokenFile, caller.token);
      return { caller, own: ownVariables(plan, caller, tokenFile) };
    }),
  );
  const began = performance.now();
  const times: number[] = [];
  const failures: Record<string, number> = {};
  let attempts = 0;
  const one = async (index: number) => {
    const container = containers[index % containers.length];
    if (container === undefined) return;
    const { caller, own } = container;
    const startsAt = performance.now();
    try {
      await withPatience(
        { retries: undefined, deadlineMs: DEADLINE_MS },
        async () => {
          attempts += 1;
          const address = plan.addresses[Math.floor(Math.random() * plan.addresses.length)];
          await ask(new Map([...own, ["PIGGY_ADDRESS", `https://${address}`]]), plan, caller);
        },
        () => {},
      );
      times.push(performance.now() - startsAt);
    } catch (error) {
      const { code, message } = asPiggyError(error, "exec_failed");
      failures[code] = (failures[code] ?? 0) + 1;
      console.error(message);
    }
  };
  const running: Promise<void>[] = [];
  for (let index = 0; index < plan.containers; index += 1) {
    const at = began + (index * plan.seconds * 1000) / plan.containers;
    const wait = at - performance.now();
    if (wait > 0) await Bun.sleep(wait);
    running.push(one(index));
  }
  await Promise.all(running);
  return {
    containers: plan.containers,
    failures,
    attempts,
    p50Milliseconds: quantile(times, 0.5),
    p99Milliseconds: quantile(times, 0.99),
    slowestMilliseconds: quantile(times, 1),
  };
}

function ownVariables(
  { ca, uid }: Plan,
  { podName }: Caller,
  tokenFile: string,
): ReadonlyMap<string, string> {
  return new Map([
    ["PIGGY_CA", ca],
    ["PIGGY_UID", uid],
    ["PIGGY_POD_NAME", podName],
    ["PIGGY_TOKEN_FILE", tokenFile],
  ]);
}

/** One question. @throws PiggyError as piggy-env would; Error for an answer with another's values */
async function ask(own: ReadonlyMap<string, string>, { argv }: Plan, caller: Caller): Promise<void> {
  const findings = await askWebhook({
    own,
    argv,
    keys: KEYS,
    skipVerifyTls: false,
    mark: () => {},
    connectByName: connectOnce,
  });
  const failure = failureIn(findings);
  if (failure !== undefined) throw failure;
  const isAll = KEYS.every((key) => findings.values.has(key));
  if (!isAll || findings.values.get("DB_PASSWORD") !== caller.password) throw new Error("the wrong secret");
}

/** The kernel closes a container's connection when it becomes its program. */
const connectOnce: typeof connect = async (...where) => {
  const connection = await connect(...where);
  const exchange: Connection["exchange"] = async (...what) => {
    try {
      return await connection.exchange(...what);
    } finally {
      connection.close();
    }
  };
  return { ...connection, exchange };
};

if (import.meta.main) {
  const plan: Plan = JSON.parse(await readFile(process.argv[2] ?? "", "utf8"));
  console.log(JSON.stringify(await start(plan)));
  process.exit(0);
}
