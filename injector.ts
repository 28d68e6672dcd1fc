/**
 * piggy-env: stands in front of a container's command, gives its environment the values that it refers to, and
 * becomes the command. Each stage is a module of lib/injector, in the order in which they happen.
 */
import { asPiggyError, type ErrorCode, type PiggyError } from "./lib/error.ts";
import { textOf } from "./lib/injector/bytes.ts";
import { parseCommandLine, type Run } from "./lib/injector/command-line.ts";
import {
  type ContainerEnvironment,
  environmentByName,
  lookUp,
  parseEnvironment,
  resolvedEntries,
  variableOf,
  withDefaults,
} from "./lib/injector/environment.ts";
import { exec } from "./lib/injector/exec.ts";
import { expandArgv, parseExpansion } from "./lib/injector/expand.ts";
import { writeText } from "./lib/injector/files.ts";
import { readLaunch } from "./lib/injector/launch.ts";
import { readArguments, readEnvironment } from "./lib/injector/process.ts";
import { askWebhook } from "./lib/injector/proxy.ts";
import {
  describeSource,
  type Findings,
  referencedKeys,
  unresolvedError,
  valueFor,
} from "./lib/injector/resolution.ts";
import { failureIn, withPatience } from "./lib/injector/retry.ts";
import { refuseUnrunnable } from "./lib/injector/runnable.ts";
import { type InjectorSettings, readInjectorSettings } from "./lib/injector/settings.ts";
import { findTarget } from "./lib/injector/target.ts";
import { createTimeline, type Mark } from "./lib/injector/timeline.ts";
import { jsonLog, type Log } from "./lib/log.ts";

async function main(): Promise<never> {
  const timeline = createTimeline();
  timeline.mark("start");
  const [, ...parameters] = readArguments();
  const commandLine = parseCommandLine(parameters);
  if (commandLine.kind === "print") {
    writeText(1, commandLine.text);
    process.exit(0);
  }
  const launch = readLaunch(readEnvironment());
  const given = withDefaults(parseEnvironment(launch.environment), commandLine.own);
  const settings = readInjectorSettings(given.own, commandLine);
  const log = logTo(settings.debug);
  for (const warning of settings.warnings) log("warn", warning);

  const environment = given.marked.size === 0 ? given : await withMentionsRead(given, settings);
  const expansion = parseExpansion(environment.own);
  const known = expansion.elements.has(0) ? undefined : findKnownTarget(commandLine, environment);

  timeline.mark("references");
  const keys = referencedKeys(environment.variables);
  const endsOnSignals = keys.length > 0 && process.pid === 1;
  if (endsOnSignals) endOnSignals(launch.state?.ignoredSignals ?? 0n);
  // Even a wait for nothing takes a tenth of a millisecond.
  const findings =
    keys.length === 0
      ? undefined
      : await resolve(commandLine, environment, keys, settings, log, timeline.mark);
  timeline.mark("answer");
  const entries = resolvedEntries(environment.variables, (reference) => valueFor(reference, findings));
  const argv = expandArgv(commandLine.argv, expansion, entries);
  const target = known ?? findTarget(argv[0] ?? "", lookUp(entries, "PATH"));
  timeline.mark("exec");
  if (settings.debug) log("debug", "timeline in milliseconds", timeline.read());
  // A signal that came since the answer was caught by Bun, which has not told it yet: execve would forget it.
  if (endsOnSignals) await new Promise(setImmediate);
  const errno = exec(target, argv, entries, launch.state);
  const { execFailure } = await import("./lib/injector/exec-failure.ts");
  throw execFailure({ file: target, argv, environment: entries, errno });
}

async function withMentionsRead(environment: ContainerEnvironment, { ignoreNoEnv }: InjectorSettings) {
  const { readMentions } = await import("./lib/injector/mentions.ts");
  return { ...environment, variables: readMentions(environment, ignoreNoEnv) };
}

/**
 * A command that cannot be run is known before anybody is asked for a secret. Undefined where a secret says what
 * runs: where PATH, which is to be searched, refers to one.
 */
function findKnownTarget({ argv }: Run, { variables }: ContainerEnvironment): string | undefined {
  const [command = ""] = argv;
  const path = variableOf(variables, "PATH");
  if (path?.parts !== undefined && !command.includes("/")) return undefined;
  const target = findTarget(command, path?.entry.slice("PATH=".length));
  refuseUnrunnable(target);
  return target;
}

/** The values of all references; when those without one are to be ignored, undefined after a look-up that failed. */
async function resolve(
  { argv }: Run,
  environment: ContainerEnvironment,
  keys: readonly string[],
  settings: InjectorSettings,
  log: Log,
  mark: Mark,
): Promise<Findings | undefined> {
  const { own, variables } = environment;
  if (settings.initialDelayMs > 0) await Bun.sleep(settings.initialDelayMs);

  let findings: Findings | undefined;
  let failure: PiggyError | undefined;
  try {
    await withPatience(
      settings,
      async () => {
        findings = undefined;
        findings = await ask(argv, environment, keys, settings, mark);
        const incomplete = failureIn(findings);
        if (incomplete !== undefined) throw incomplete;
      },
      (error) => log("warn", asPiggyError(error, "webhook_unreachable").message),
    );
  } catch (error) {
    failure = asPiggyError(error, "reference_unresolved");
  }
  const unresolved = unresolvedError(variables, findings, describeSource(own), failure);
  if (unresolved === undefined) return findings;
  if (!settings.ignoreNoEnv) throw unresolved;
  log("warn", `${unresolved.message} Started all the same: PIGGY_IGNORE_NO_ENV is set`, {
    code: unresolved.code,
  });
  return findings;
}

async function ask(
  argv: readonly string[],
  { own, variables }: ContainerEnvironment,
  keys: readonly string[],
  { standalone, skipVerifyTls, dnsTransport }: InjectorSettings,
  mark: Mark,
): Promise<Findings> {
  const connectByName =
    dnsTransport && (await import("./lib/injector/dns/connect.ts")).connectOver(dnsTransport);
  if (standalone) {
    const { askAws } = await import("./lib/injector/standalone.ts");
    return askAws(own, environmentByName(variables), keys, mark, connectByName);
  }
  return askWebhook({ own, argv: argv.map(textOf), keys, skipVerifyTls, mark, connectByName });
}

/** What ends a program by default, of what images have as their STOPSIGNAL and terminals send. */
const ENDING_SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGQUIT", 3],
  ["SIGUSR1", 10],
  ["SIGUSR2", 12],
  ["SIGTERM", 15],
] as const;

/**
 * For the first process of a container the kernel has no default action: without a handler it could not be ended.
 * @param ignored those that it was started with as ignored, which end nothing; bit 0 is signal 1
 */
function endOnSignals(ignored: bigint): void {
  for (const [name, signal] of ENDING_SIGNALS) {
    if (((ignored >> BigInt(signal - 1)) & 1n) === 0n) process.on(name, () => process.exit(128 + signal));
  }
}

function logTo(debug: boolean): Log {
  // At once and whole: what follows is an exit or an exec.
  return jsonLog((line) => writeText(2, line), debug);
}

/** As the shells and container runtimes have it: 126 and 127 are about the command, 125 is about us. */
function exitCodeOf(code: ErrorCode): number {
  if (code === "command_not_found") return 127;
  return code === "command_not_executable" ? 126 : 125;
}

try {
  await main();
} catch (error) {
  const { code, message } = asPiggyError(error, "exec_failed");
  logTo(false)("fatal", message, { code });
  const { writeTerminationMessage } = await import("./lib/injector/termination-log.ts");
  const { own } = parseEnvironment(readLaunch(readEnvironment()).environment);
  writeTerminationMessage(message, own.get("PIGGY_TERMINATION_LOG"));
  process.exit(exitCodeOf(code));
}
