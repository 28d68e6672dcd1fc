import { describe, expect, test } from "bun:test";
import { type Container, parsePod } from "../lib/pod.ts";
import {
  admittedArgv,
  containerByUid,
  isSpecDecisive,
  splitAtInjector,
  variableOf,
} from "../lib/wrapped-container.ts";
import splits from "./vectors/wrapped-containers.json";

const UID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
const withUid = (name: string, ...uids: readonly string[]) => ({
  name,
  env: uids.map((value) => ({ name: "PIGGY_UID", value })),
});
const pod = (containers: readonly object[], initContainers: readonly object[] = []) =>
  parsePod({ spec: { containers, initContainers } });
function only(json: object): Container {
  const [container] = pod([json]).containers;
  if (container === undefined) throw new Error("no container");
  return container;
}

describe("command and args, parted at the injector", () => {
  test.each(splits)("$name", ({ command, args, split, argv }) => {
    const container = only({ command, args });
    expect(splitAtInjector(container)).toEqual(split ?? undefined);
    expect(admittedArgv(container)).toEqual(argv ?? undefined);
  });
});

describe("the container that a uid was given to", () => {
  test("is an init container as well as any other", () => {
    const found = pod([withUid("main", UID)], [withUid("setup", OTHER)]);
    expect(containerByUid(found, UID)?.name).toBe("main");
    expect(containerByUid(found, OTHER)?.name).toBe("setup");
  });

  test.each(["", "constructor", "__proto__", "toString", UID.toUpperCase(), ` ${UID}`])(
    "there is none for %j",
    (uid) => {
      expect(
        containerByUid(pod([withUid("plain"), withUid("empty", ""), withUid("main", UID)]), uid),
      ).toBeUndefined();
    },
  );

  test("is the one whose last value it is, as the kubelet reads the list", () => {
    const doubled = pod([withUid("main", OTHER, UID)]);
    expect(containerByUid(doubled, UID)?.name).toBe("main");
    expect(containerByUid(doubled, OTHER)).toBeUndefined();
  });
});

test("a variable that comes from elsewhere has no value to be read", () => {
  const container = only({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] });
  expect(variableOf(container, "A")).toBeUndefined();
  expect(variableOf(container, "constructor")).toBeUndefined();
});

test("a spec is decisive where the webhook that wrote it said what integrity means", () => {
  expect(isSpecDecisive(only({ env: [{ name: "PIGGY_ENFORCE_INTEGRITY", value: "false" }] }))).toBe(true);
  expect(isSpecDecisive(only(withUid("main", UID)))).toBe(false);
});
