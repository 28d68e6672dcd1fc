/** What other webhooks and people made of an admitted Pod before it came again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { type Changed, edited } from "./edited.ts";
import {
  containerOf,
  containerWith,
  environmentOf,
  isWrapped,
  mutate,
  podWith,
  sha256,
  signaturesOf,
} from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.registry.pushImage("shop/image", "1", { Entrypoint: ["/entry", "$(A)"], Cmd: ["$$"] });
});
afterAll(() => world.stop());

const again = async (manifest: object, change: (pod: Changed) => void) =>
  mutate(world, edited((await mutate(world, manifest)).pod, change));

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object with fields put into it, however deep. */
function merged(object: object, fields: object): object {
  const into: Fields = { ...object };
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    const before = into[name];
    return [name, isFields(value) && isFields(before) ? merged(before, value) : value];
  });
  return { ...into, ...Object.fromEntries(entries) };
}

describe("another webhook", () => {
  test("that added words to the argv has them signed", async () => {
    const { pod } = await again(
      podWith(),
      ({ spec }) => void spec.containers[0].args.push("--more=$(PASSWORD)"),
    );
    expect(containerOf(pod).args).toEqual(["--", "/app", "--more=$$(PASSWORD)"]);
    expect(JSON.parse(environmentOf(pod)["PIGGY_EXPAND"] ?? "")).toEqual({ argv: [1], names: ["PASSWORD"] });
    expect(signaturesOf(pod)).toEqual({ main: sha256("/app --more=$(PASSWORD)") });
  });

  test.each([
    ["in command", ["/other/wrap", "--", "/piggy/piggy-env"], ["--", "/app"]],
    ["in command, ours in args", ["/other/wrap"], ["-v", "/piggy/piggy-env", "--", "/app"]],
  ])("that put a wrapper in front, %s, has it kept", async (_, command, args) => {
    const { patch, pod } = await again(
      podWith(),
      ({ spec }) => void Object.assign(spec.containers[0], { command, args }),
    );
    expect(patch).toEqual([]);
    expect(containerOf(pod)).toMatchObject({ command, args });
  });

  test("that added a container with a reference has it wrapped beside the first", async () => {
    const late = { ...containerWith({ name: "late", command: ["/late"] }), args: [], volumeMounts: [] };
    const { patch, pod } = await again(podWith(), ({ spec }) => void spec.containers.push(late));
    expect(patch.filter(({ path }) => path.startsWith("/spec/containers/0"))).toEqual([]);
    expect(isWrapped(pod, "late")).toBe(true);
    expect(signaturesOf(pod)).toEqual({ main: sha256("/app"), late: sha256("/late") });
  });

  test("that gave every container a reference leaves the install container what it is", async () => {
    const { allowed, pod } = await again(podWith(), ({ spec }) => {
      const env = [{ name: "INJECTED", value: "piggy:INJECTED" }];
      spec.initContainers = spec.initContainers.map((container) => ({ ...container, env }));
    });
    expect(allowed).toBe(true);
    expect(containerOf(pod, "install-piggy-env")).toMatchObject({ args: ["install", "/piggy"] });
    expect(isWrapped(pod, "install-piggy-env")).toBe(false);
  });

  const user = { runAsUser: 1_000_680_000, runAsGroup: 1_000_680_000 };
  const labels = { seLinuxOptions: { level: "s0:c26,c5" } };
  test.each([
    ["the namespace's user", { securityContext: user }],
    ["a label", { securityContext: labels }],
    [
      "further capabilities to do without",
      { securityContext: { capabilities: { drop: ["ALL", "KILL", "SETUID"] } } },
    ],
    ["a limit's default", { resources: { limits: { "ephemeral-storage": "1Gi" } } }],
    ["an extended resource", { resources: { requests: { "example.com/a": "1" }, claims: [{ name: "a" }] } }],
  ])("that gave the install container %s has it kept", async (_, given) => {
    const { patch } = await again(podWith(), ({ spec }) => {
      spec.initContainers = spec.initContainers.map((container) => merged(container, given));
    });
    expect(patch).toEqual([]);
  });

  test("that left the install container some capabilities has those taken too", async () => {
    const { pod } = await again(podWith(), ({ spec }) => {
      const given = { securityContext: { capabilities: { drop: ["KILL"] } } };
      spec.initContainers = spec.initContainers.map((container) => merged(container, given));
    });
    expect(containerOf(pod, "install-piggy-env")).toHaveProperty("securityContext.capabilities", {
      drop: ["KILL", "ALL"],
    });
  });

  const localhost = { seccompProfile: { type: "Localhost", localhostProfile: "shop.json" } };
  test.each([
    ["root from the Pod", { runAsUser: 0 }, {}, "runAsUser"],
    ["the runtime's profile from the Pod", {}, localhost, "seccompProfile"],
  ])("that took %s takes it from the install container", async (_, before, after, field) => {
    const admitted = await mutate(world, podWith({}, { spec: { securityContext: before } }));
    expect(containerOf(admitted.pod, "install-piggy-env")).toHaveProperty(`securityContext.${field}`);
    const change = ({ spec }: Changed) => void Object.assign(spec, { securityContext: after });
    const { pod } = await mutate(world, edited(admitted.pod, change));
    expect(containerOf(pod, "install-piggy-env")).not.toHaveProperty(`securityContext.${field}`);
  });

  test.each([
    ["args", { args: ["/other"] }],
    ["command", { command: ["/other"] }],
    ["args, and put a word before the injector's", { args: ["-v", "--", "/app"] }],
  ])("that replaced %s is told that the command is lost", async (_, replaced) => {
    const { allowed, status } = await again(
      podWith(),
      ({ spec }) => void Object.assign(spec.containers[0], replaced),
    );
    expect(allowed).toBe(false);
    for (const part of [
      'container "main"',
      "the original command is lost",
      "Create the Pod from its own manifest",
    ]) {
      expect(status.message).toContain(part);
    }
  });
});

describe("another webhook that replaced both command and args", () => {
  const replace =
    (replaced: object, env?: readonly object[]) =>
    ({ spec }: Changed) =>
      void Object.assign(
        spec.containers[0],
        replaced,
        env && { env: [...env, ...spec.containers[0].env.slice(1)] },
      );
  const image = () => `${world.registry.host}/shop/image:1`;

  test.each([
    ["by its own", () => ({ command: ["/other"], args: ["x"] }), ["--", "/other", "x"], "/other x"],
    [
      "by args alone",
      () => ({ image: image(), command: [], args: ["x"] }),
      ["--", "/entry", "$$(A)", "x"],
      "/entry $(A) x",
    ],
    [
      "by nothing",
      () => ({ image: image(), command: [], args: [] }),
      ["--", "/entry", "$$(A)", "$$$$"],
      "/entry $(A) $$",
    ],
  ])("%s has that wrapped, as at a first admission", async (_, replaced, args, signed) => {
    const { pod } = await again(podWith(), replace(replaced()));
    expect(containerOf(pod)).toMatchObject({ command: ["/piggy/piggy-env"], args });
    expect(signaturesOf(pod)).toEqual({ main: sha256(signed) });
    expect((await mutate(world, pod)).patch).toEqual([]);
  });

  test("and took the reference away has nothing of ours left", async () => {
    const plain = { name: "PASSWORD", value: "text" };
    const other = { command: ["/other"], args: ["x"] };
    const { json } = await again(podWith(), replace(other, [plain]));
    const { annotations } = podWith().metadata;
    expect(json).toMatchObject({ metadata: { annotations } });
    expect(json).toHaveProperty("spec", {
      containers: [{ ...containerWith({ env: [plain] }), ...other, volumeMounts: [] }],
    });
  });
});

describe("a Pod whose references are gone", () => {
  const plain = { name: "PASSWORD", value: "text" };
  const withoutReference = ({ spec }: Changed) => {
    spec.containers[0].env = [plain, ...spec.containers[0].env.slice(1)];
  };

  test("runs without the injector again", async () => {
    const manifest = podWith({ command: ["sh", "-c", "echo $(A) $$(B)"], args: ["$HOME"] });
    const { allowed, json } = await again(manifest, withoutReference);
    expect(allowed).toBe(true);
    expect(json).toEqual(
      podWith({ command: ["sh", "-c", "echo $(A) $$(B)", "$HOME"], env: [plain], volumeMounts: [] }),
    );
  });

  test("keeps the words of the image as they were", async () => {
    const manifest = podWith({ image: `${world.registry.host}/shop/image:1`, command: [] });
    const { pod } = await again(manifest, withoutReference);
    expect(containerOf(pod).command).toEqual(["/entry", "$$(A)", "$$$$"]);
  });

  test("keeps another webhook's wrapper", async () => {
    const { pod } = await again(podWith(), (changed) => {
      withoutReference(changed);
      changed.spec.containers[0].command.unshift("/other/wrap", "--");
    });
    expect(containerOf(pod)).toMatchObject({ command: ["/other/wrap", "--", "/app"] });
  });

  test("keeps what its other containers need", async () => {
    const other = containerWith({ name: "other" });
    const { pod } = await again(
      podWith({}, { spec: { containers: [containerWith(), other] } }),
      withoutReference,
    );
    expect([isWrapped(pod, "main"), isWrapped(pod, "other")]).toEqual([false, true]);
    expect(Object.keys(signaturesOf(pod))).toEqual(["other"]);
    expect(pod.spec.initContainers).toHaveLength(1);
  });
});
