/** `piggy-webhooks explain` as a process of its own, and what it prints. */
import { fileURLToPath } from "node:url";
import type { Operation } from "rfc6902";

export const SERVER = fileURLToPath(new URL("../../server.ts", import.meta.url));

export interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Account {
  readonly source: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly allowed: boolean;
  readonly message: string | null;
  readonly warnings: readonly string[];
  readonly patch: readonly Operation[];
  readonly pod: object;
  readonly containers: readonly {
    readonly name: string;
    readonly kind: string;
    readonly action: string;
    readonly reason: string;
    readonly references: readonly object[];
    readonly store: object | null;
    readonly command: object | null;
  }[];
  readonly unknown: readonly string[];
  readonly notes: readonly string[];
  readonly assumed: readonly string[];
}

/** With a home that has no kubeconfig, and this environment alone. */
export async function runExplain(
  args: readonly string[],
  input: string | object,
  environment: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const child = Bun.spawn([process.execPath, SERVER, "explain", ...args], {
    cwd: "/",
    env: { HOME: "/nonexistent", PATH: process.env["PATH"], ...environment },
    stdin: new Blob([typeof input === "string" ? input : JSON.stringify(input)]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode: child.exitCode, stdout, stderr };
}

interface Circumstances {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Each Pod's account of what `--json` prints, of standard input. @throws Error with what it said instead */
export async function accountsOf(
  input: string | object,
  { args = ["--offline"], environment = {} }: Circumstances = {},
): Promise<readonly Account[]> {
  const { stdout, stderr, exitCode } = await runExplain(["--json", ...args, "-"], input, environment);
  if (exitCode !== 0 && exitCode !== 1) throw new Error(stderr);
  const accounts: readonly Account[] = JSON.parse(stdout);
  return accounts;
}

/** The account of the only Pod. */
export async function accountOf(input: string | object, circumstances?: Circumstances): Promise<Account> {
  const [account, ...others] = await accountsOf(input, circumstances);
  if (account === undefined || others.length > 0) throw new Error("not one Pod");
  return account;
}
