/** Pods that somebody wrote to do harm, one a file, each with what is to come of it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { anyObject, list, number, object, record, string } from "../fakes/kubernetes/schema.ts";
import { written } from "./repeated.ts";

const FOLDER = join(import.meta.dir, "hostile");

const parseHostilePod = object(
  { pod: anyObject, expect: anyObject },
  { about: string, objects: list(anyObject) },
);

const parseExpectation = object(
  {},
  {
    /** The status, and what its message says among other things. */
    denied: object({ code: number, words: string }, {}),
    /** What each is to have among others, in any order. */
    warnings: list(string),
    /** The argv behind the injector of each container that is to have it, as it is written in args. */
    wrapped: record(list(string)),
    /** Words that the Pod came with, and that it must not have any more. */
    gone: list(string),
  },
);

export interface HostilePod {
  /** The file's, without its ending. */
  readonly name: string;
  /** What stands in the cluster already. */
  readonly objects: readonly object[];
  /** As it is sent, which is not always as a Pod is. */
  readonly pod: object;
  readonly expected: ReturnType<typeof parseExpectation>;
}

export const hostilePods: readonly HostilePod[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml"))
  .sort()
  .map((file) => {
    const {
      objects = [],
      pod,
      expect,
    } = parseHostilePod(written(parse(readFileSync(join(FOLDER, file), "utf8"))), file);
    const expected = parseExpectation(expect, `${file}: expect`);
    return {
      name: file.replace(/\.yaml$/, ""),
      objects,
      pod: { apiVersion: "v1", kind: "Pod", ...pod },
      expected,
    };
  });
