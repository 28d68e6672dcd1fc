/** The application cannot tell that we were there: what it is started with, directly and by piggy-env. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StubWebhook, startStubWebhook } from "../injector/stub-webhook.ts";
import { piggyEnv } from "../support/programs.ts";
import type { Ended } from "../support/run-plainly.ts";
import { parseState, type Start, startIn, stateProgram } from "./state.ts";

const isRoot = process.getuid?.() === 0;

let directory: string;
let webhook: StubWebhook;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-fidelity-"));
  webhook = startStubWebhook({ answer: () => Response.json({ KEY: "value" }) });
  await Bun.write(join(directory, "token"), "token");
});
afterAll(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

/** What differs between any two processes is said in words, once it has been held against what it should be. */
function told({ exitCode, stderr, stdout, pid }: Ended): Readonly<Record<string, string>> {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const state = { ...parseState(stdout) };
  const [before] = /^process .*/.exec(stdout) ?? [];
  if (before === undefined) expect(state["process"]).toStartWith(`${pid} ${process.pid} `);
  else expect(`process ${state["process"]}`).toBe(before);
  state["process"] = "as before";
  for (const name of Object.keys(state)) {
    if (!name.endsWith(".target")) continue;
    const target = Buffer.from(state[name] ?? "", "hex").toString("latin1");
    state[name] = target.replace(/^(pipe|socket):\[\d+\]$/, "$1");
  }
  return state;
}

interface Case extends Partial<Start> {
  /** Given to piggy-env alone, in front of the others. */
  readonly own?: readonly string[];
  /** What stands in place of a variable when it arrives. */
  readonly resolved?: Readonly<Record<string, string>>;
}

/** Starts the program both ways, and expects no difference; says what it told. */
async function expectUnchanged({
  arranged = [],
  argv,
  environment = ["A=1"],
  own = [],
  resolved = {},
}: Case) {
  const command = argv ?? [await stateProgram()];
  const started = (argv: readonly string[], environment: readonly string[]) =>
    startIn({ arranged, argv, environment }).then(told);
  const directly = await started(
    command,
    environment.map((entry) => resolved[entry] ?? entry),
  );
  const behind = await started([await piggyEnv(), "--", ...command], [...own, ...environment]);
  expect(behind).toEqual(directly);
  return behind;
}

describe("nothing changes of a process that was started", () => {
  test("as most are", async () => {
    const state = await expectUnchanged({});
    expect(state["children"]).toBe("10"); // ECHILD
  });

  const arranged: readonly (readonly [what: string, arranged: readonly string[]])[] = [
    [
      "with signals ignored, those of the C library included",
      [1, 2, 3, 10, 13, 15, 17, 25, 32, 33, 34, 64].map((signal) => `ignore=${signal}`),
    ],
    [
      "with signals blocked, those of the C library included",
      [1, 12, 13, 15, 17, 32, 33, 34, 40, 64].map((signal) => `block=${signal}`),
    ],
    [
      "with signals waiting, for the process or its thread",
      ["block=12", "send=12", "block=15", "raise=15", "block=40", "send=40"],
    ],
    [
      "with limits lowered",
      [
        ...["limit=0:1000:2000", "limit=1:100000000:200000000", "limit=2:8000000000:9000000000"],
        ...["limit=3:1048576:4194304", "limit=4:0:1000", "limit=6:5000:6000", "limit=7:1000:2000"],
        ...["limit=8:65536:65536", "limit=9:8000000000:9000000000", "limit=10:10:20"],
        ...["limit=11:100:200", "limit=12:1000:2000", "limit=15:1000:2000"],
      ],
    ],
    ["with fewer open files allowed than the launcher needs", ["limit=7:20:251"]],
    ["with a umask", ["umask=027"]],
    ["in another directory", ["cwd=/proc"]],
    [
      "with descriptors open, one of them not to be inherited",
      ["open=3", "open-cloexec=4", "open=5", "open=6", "open=7", "open=8", "open=9", "open=249", "open=600"],
    ],
    ["with a descriptor that does not block", ["open=5", "nonblocking=5"]],
    ["without stdin", ["close=0"]],
    ["without stdin and stderr", ["close=0", "close=2"]],
    ["on a terminal", ["terminal=1"]],
    ["nice, as a batch job, on one processor", ["nice=5", "scheduler=3", "ioprio=16388", "processor=0"]],
    ["first in the way of the OOM killer", ["oom_score_adj=100"]],
    ["with another core dump", ["coredump_filter=0x3f"]],
    ["with a timer that runs", ["alarm=60"]],
    ["with addresses that are not random", ["personality=262144"]],
    ["with no huge pages", ["huge_pages_disabled=1"]],
    [
      "with what prctl keeps",
      ["timer_slack=70000", "no_new_privileges=1", "subreaper=1", "parent_death_signal=10"],
    ],
  ];
  test.each(arranged)("%s", async (_what, arranged) => {
    await expectUnchanged({ arranged });
  });

  test.skipIf(!isRoot)("with security bits", async () => {
    const state = await expectUnchanged({ arranged: ["securebits=4"] });
    expect(state["securebits"]).toBe("4 0");
  });

  test("with all of that, and a value resolved on the way", async () => {
    const state = await expectUnchanged({
      arranged: arranged
        .flatMap(([, each]) => each)
        .filter((each) => !/^(close|cwd|limit=7:20:|send|raise|open=9$)/.test(each))
        // A terminal makes another process, which is to have all the rest.
        .sort((a, b) => Number(b === "terminal=1") - Number(a === "terminal=1")),
      environment: ["FIRST=1", "A=piggy:KEY", "LAST=2"],
      own: [`PIGGY_ADDRESS=http://127.0.0.1:${webhook.port}`, `PIGGY_TOKEN_FILE=${directory}/token`],
      resolved: { "A=piggy:KEY": "A=value" },
    });
    expect(Object.keys(state).filter((name) => name.startsWith("variable."))).toHaveLength(3);
  });
});

test("the starter does arrange what it is told, or the cases above would show nothing", async () => {
  const state = told(
    await startIn({
      arranged: [
        "ignore=33",
        "block=32",
        "send=32",
        "open=5",
        "open-cloexec=6",
        "limit=7:1000:2000",
        "close=0",
      ],
      argv: [await stateProgram()],
      environment: [],
    }),
  );
  expect(state).toMatchObject({
    "signal.33": "0 handler=1 flags=0",
    "signals.blocked": "0000000080000000",
    "signals.pending": "0000000080000000",
    "limit.7": "1000 2000",
    "descriptor.5.position": "5",
  });
  expect(Object.keys(state).filter((name) => /^descriptor\.[06]\./.test(name))).toEqual([]);
});

describe("arguments arrive as they were", () => {
  test("a program whose name is not UTF-8, arguments that are empty, long or no text", async () => {
    const name = join(directory, "-odd \xff name").replace(/^\//, "./");
    await copyFile(await stateProgram(), Buffer.from(name.slice(1), "latin1"));
    const argv = [name, "", "\xfe\xff", "--", "-h", "a\nb\tc", "$(A)", "x".repeat(100_000), ""];
    const state = await expectUnchanged({ argv });
    expect(state["arguments"]).toBe(String(argv.length));
  });
});

describe("variables arrive as they were", () => {
  const environments: readonly (readonly [what: string, entries: readonly string[]])[] = [
    ["none", []],
    ["the same name several times", ["A=1", "A=2", "PATH=/x", "A=", "PATH=/y", "A=1"]],
    ["values that are not UTF-8", ["A=\xff\xfe", "B=\xc3", "C=\xe2\x82\xac", "D=\x01\x1b"]],
    ["names that are not UTF-8", ["\xff\xfe=1", "A\xff=2", "\x80=3", "\x80", "\xff"]],
    ["names that begin with a high bit", ["\xc1=1", "A=2", "\xc1BC=3", "ABC=4"]],
    ["a name and what it would be hidden as", ["LD_PRELOAD=", "\xccD_PRELOAD=y", "\xccD_PRELOAD=z"]],
    ["that in the other order", ["\xccD_LIBRARY_PATH=y", "LD_LIBRARY_PATH=", "\xccD_LIBRARY_PATH=z"]],
    ["no name", ["=x", "=", "A=1", "=x=y"]],
    ["no =", ["A", "B=1", "LD_DEBUG", "C"]],
    ["nothing at all", ["A=1", "", "", "B=2"]],
    ["nothing at the end", ["A=1", ""]],
    ["nothing alone", [""]],
    ["names that are ours but for a letter", ["PIGGYBACK=1", "piggy_address=2", "\xd0IGGY_LAUNCHER=3"]],
    ["a value of 100 KiB", [`A=${"x".repeat(100 * 1024)}`, "B=2"]],
    ["5,000 variables", Array.from({ length: 5000 }, (_, index) => `VARIABLE_${index}=value ${index}`)],
    ["5,000 names with a high bit", Array.from({ length: 5000 }, (_, index) => `\xff_${index}=${index}`)],
  ];
  test.each(environments)("%s", async (_what, environment) => {
    const state = await expectUnchanged({ environment });
    const arrived = Object.keys(state).filter((name) => name.startsWith("variable."));
    expect(arrived).toHaveLength(environment.length);
  });

  test("but for those that are piggy-env's own", async () => {
    const own = ["PIGGY_DEADLINE=0s", "PIGGY_ADDRESS=https://127.0.0.1:1", "PIGGY_DEADLINE=1s"];
    await expectUnchanged({ own, environment: ["B=2", "A=1", "B=3"] });
  });

  test("and one that looks like the launcher's record is a variable like any other", async () => {
    await expectUnchanged({
      environment: ["PIGGY_LAUNCHER=1 3 3 0 0   ", "LD_LIBRARY_PATH=/nowhere", "A=1"],
    });
  });
});
