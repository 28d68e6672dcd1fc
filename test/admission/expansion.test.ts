/** `$(VAR)` in a wrapped container: the kubelet must hand the injector the argv that was admitted. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { expand } from "../fakes/kubelet/expansion.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, environmentOf, mutate, NAMESPACE, podWith, sha256, signaturesOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.registry.pushImage("shop/image", "1", { Entrypoint: ["/entry", "$(A)"] });
  const metadata = { name: "settings", namespace: NAMESPACE };
  world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { PORT: "8080" } });
});
afterAll(() => world.stop());

const A = { name: "A", value: "piggy:A" };
const inject = async (container: object, spec: object = {}) => {
  const { pod } = await mutate(world, podWith({ env: [A], ...container }, { spec }));
  const { args = [] } = containerOf(pod);
  const expansion: unknown = JSON.parse(environmentOf(pod)["PIGGY_EXPAND"] ?? "null");
  /** As the kubelet hands them over, which knows every name. */
  const handedOver = args.slice(1).map((element) => expand(element, (name) => `<${name}>`));
  return { pod, args, expansion, handedOver };
};

describe("command and args with dollars", () => {
  const command = ["sh", "-c", "echo $(A) $$(A) $HOME $$"];

  test("are escaped, and reach the injector as they were", async () => {
    const { args, handedOver } = await inject({ command });
    expect(args).toEqual(["--", "sh", "-c", "echo $$(A) $$$$(A) $HOME $$$$"]);
    expect(handedOver).toEqual(command);
  });

  test("are signed as they were", async () => {
    const { pod } = await inject({ command });
    expect(signaturesOf(pod)).toEqual({ main: sha256(command.join(" ")) });
  });
});

describe("PIGGY_EXPAND", () => {
  test("says which elements the kubelet would have expanded, and which of their names it would have known", async () => {
    const { expansion } = await inject({
      command: ["/app", "--a=$(A)", "plain"],
      args: ["$(PORT)", "$(NONE)", "$$(B)", "$HOME"],
      env: [A, { name: "B", value: "b" }],
      envFrom: [{ configMapRef: { name: "settings" } }],
    });
    expect(expansion).toEqual({ argv: [1, 3, 4, 5], names: ["A", "PORT"] });
  });

  test("counts elements of the image, but has none of them", async () => {
    const image = `${world.registry.host}/shop/image:1`;
    const { expansion, handedOver } = await inject({ image, command: [], args: ["$(A)"] });
    expect(handedOver).toEqual(["/entry", "$(A)", "$(A)"]);
    expect(expansion).toEqual({ argv: [2], names: ["A"] });
  });

  test("is absent where nothing is to be expanded", async () => {
    const { pod } = await inject({ command: ["/app", "$HOME", "5$"] });
    expect(environmentOf(pod)).not.toHaveProperty("PIGGY_EXPAND");
    expect(containerOf(pod).args).toEqual(["--", "/app", "$HOME", "5$"]);
  });

  test("has the variables that the kubelet sets for Services, those of the namespace unless links are off", async () => {
    const args = [
      "$(KUBERNETES_SERVICE_HOST)",
      "$(DB_SERVICE_PORT)",
      "$(DB_PORT_5432_TCP_ADDR)",
      "$(DB_HOST)",
    ];
    const linked = await inject({ args });
    expect(linked.expansion).toHaveProperty("names", [
      "DB_PORT_5432_TCP_ADDR",
      "DB_SERVICE_PORT",
      "KUBERNETES_SERVICE_HOST",
    ]);
    const unlinked = await inject({ args }, { enableServiceLinks: false });
    expect(unlinked.expansion).toHaveProperty("names", ["KUBERNETES_SERVICE_HOST"]);
  });

  test("has every name where an object that is not there yet may set it", async () => {
    const { expansion } = await inject({
      args: ["$(ANYTHING)"],
      envFrom: [{ secretRef: { name: "later" } }],
    });
    expect(expansion).toEqual({ argv: [1], names: ["ANYTHING"] });
  });

  test("reaches the injector as it is written, whatever names it holds", async () => {
    const { pod } = await inject({ args: ["$(a$$b)$(c$(d)"], envFrom: [{ secretRef: { name: "later" } }] });
    const handedOver = expand(environmentOf(pod)["PIGGY_EXPAND"] ?? "", (name) => `<${name}>`);
    expect(JSON.parse(handedOver)).toEqual({ argv: [1], names: ["a$$b", "c$(d"] });
  });

  test("has no name of the object prototype", async () => {
    const { expansion } = await inject({ args: ["$(constructor)$(__proto__)"] });
    expect(expansion).toEqual({ argv: [1], names: [] });
  });
});
