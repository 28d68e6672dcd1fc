/** A program in Go that is asked what Kubernetes' own libraries and Go's make of a text; built the first time it is needed. */
import { fileURLToPath } from "node:url";
import type { JsonValue } from "../../lib/json.ts";
import { cached, run } from "../../scripts/bundle/cache.ts";

const MODULE = fileURLToPath(new URL("go", import.meta.url));

export interface Question {
  readonly kind: "boolean" | "duration" | "quantity" | "glob" | "image" | "yaml" | "answer";
  readonly input: string;
  /** What is held against a glob. */
  readonly text?: string;
}

export interface GoAnswer {
  /** Whether it is one of its kind. */
  readonly ok: boolean;
  readonly value: JsonValue;
}

async function program(): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256").update(await run(["go", "env", "GOVERSION"]));
  for (const file of ["go.mod", "go.sum", "main.go"])
    hash.update(await Bun.file(`${MODULE}/${file}`).bytes());
  const build = (work: string) => ["env", "CGO_ENABLED=0", "go", "build", "-o", `${work}/program`, "."];
  const built = await cached(`fuzz-${hash.digest("hex").slice(0, 16)}`, async (work) => {
    await run(build(work), MODULE);
  });
  return `${built}/program`;
}

async function start() {
  const child = Bun.spawn([await program()], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  child.unref();
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  const readLines = async (count: number) => {
    let lines = rest.split("\n");
    while (lines.length <= count) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the program in Go has ended");
      rest += decoder.decode(value, { stream: true });
      lines = rest.split("\n");
    }
    rest = lines.slice(count).join("\n");
    return lines.slice(0, count);
  };
  return async (questions: readonly Question[]): Promise<readonly GoAnswer[]> => {
    child.stdin.write(questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
    child.stdin.flush();
    return (await readLines(questions.length)).map((line): GoAnswer => JSON.parse(line));
  };
}

let asking: ReturnType<typeof start> | undefined;

/** The answers, in the questions' order. One call at a time. */
export async function askGo(questions: readonly Question[]): Promise<readonly GoAnswer[]> {
  asking ??= start();
  return (await asking)(questions);
}
