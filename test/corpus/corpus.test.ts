/** The corpus is whole: a file, an object or an image that nobody looks at proves nothing. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { object, string } from "../fakes/kubernetes/schema.ts";
import { containersOf } from "./additions.ts";
import { corpusObjects, corpusPods, expectedPods } from "./corpus.ts";
import { parseExpectation } from "./expectation.ts";
import images from "./images.json";

const PODS = join(import.meta.dir, "pods");
const all = [...corpusPods, ...expectedPods];

test("it is of sixty Pods or more, half of them with references of their own", () => {
  const wrapped = expectedPods.filter(({ expectation }) => Object.keys(expectation.wrapped).length > 0);
  expect(all.length).toBeGreaterThanOrEqual(60);
  expect(wrapped.length).toBeGreaterThanOrEqual(30);
});

test("every file is a Pod, and begins with what it stands for", () => {
  const files = readdirSync(PODS);
  expect(all.map(({ name }) => `${name}.yaml`).sort()).toEqual([...files].sort());
  const silent = files.filter((file) => !/^# \S/.test(readFileSync(join(PODS, file), "utf8")));
  expect(silent).toEqual([]);
});

test("every Pod is of a namespace, and has a name of its own in all of them", () => {
  const names = all.map(({ pod: { metadata } }) => metadata.name ?? metadata.generateName);
  expect(names).not.toContain(undefined);
  expect(new Set(names).size).toBe(all.length);
  expect(all.filter(({ pod }) => pod.metadata.namespace === undefined)).toEqual([]);
});

test("every image that can be looked up is one that a container runs without a command", () => {
  const asked = expectedPods.flatMap(({ pod }) =>
    containersOf(pod).flatMap(({ image = "", command = [] }) => (command.length === 0 ? [image] : [])),
  );
  const needless = Object.keys(images).filter((name) => !asked.includes(`registry.example.com/${name}`));
  expect(needless).toEqual([]);
});

const parseObject = object({ kind: string, metadata: object({ name: string }, { namespace: string }) }, {});

test("every ConfigMap and Secret is one that a Pod of its namespace reads", () => {
  const needless = corpusObjects
    .map((entry) => parseObject(entry, "objects.json"))
    .filter(({ kind }) => kind === "ConfigMap" || kind === "Secret")
    .filter(({ kind, metadata }) => {
      const field = kind === "Secret" ? "secret" : "configMap";
      return !all.some(
        ({ pod }) =>
          pod.metadata.namespace === metadata.namespace &&
          containersOf(pod).some(
            ({ env = [], envFrom = [] }) =>
              env.some(({ valueFrom }) => valueFrom?.[`${field}KeyRef`]?.name === metadata.name) ||
              envFrom.some((source) => source[`${field}Ref`]?.name === metadata.name),
          ),
      );
    });
  expect(needless).toEqual([]);
});

describe("what is expected of a Pod is read to the letter:", () => {
  test.each([
    ["a word that says nothing", { wraped: {} }, "nothing is expected by wraped"],
    ["a list of containers", { wrapped: ["app"] }, "wrapped"],
    ["a warning that is no list", { warnings: "one" }, "warnings"],
  ])("%s is an error", (_, said, message) => {
    expect(() => parseExpectation(said, "file.yaml")).toThrow(message);
  });

  test("nothing said is a Pod that stays as it is", () => {
    expect(parseExpectation({}, "file.yaml")).toEqual({ wrapped: {}, warnings: [] });
  });
});
