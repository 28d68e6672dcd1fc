/** A webhook on a machine whose hosts file has names of its own. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { containerOf, mutate, podWith } from "../admission/mutation.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { noMounts } from "../launcher/enclosed.ts";
import { ownAddress } from "../support/own-address.ts";
import { startWebhook } from "../support/webhook.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(120_000);

const SERVER = fileURLToPath(new URL("../../server.ts", import.meta.url));
const WITH_HOSTS = ["/usr/bin/unshare", "-m", "--propagation", "private", "/bin/sh", "-euc"];

describe.skipIf(noMounts !== undefined || ownAddress === undefined)("an image whose registry's name", () => {
  const address = ownAddress ?? "";
  let world: World;
  let running: World;
  let registry: RegistryFake;
  let directory: string;

  beforeAll(async () => {
    world = await startWorld();
    registry = startRegistry({
      tls: await world.authority.issue({ names: ["registry.example.com"] }),
      at: { address, name: "registry.example.com" },
    });
    registry.pushImage("app", "1", { Entrypoint: ["/bin/app"] });
    directory = await mkdtemp(join(tmpdir(), "piggy-hosts-"));
    const hosts = join(directory, "hosts");
    const lines = ["127.0.0.1 localhost", `${address} registry.example.com`, "127.0.0.1 inside.example.com"];
    await writeFile(hosts, `${lines.join("\n")}\n`);
    const script = 'mount --bind "$1" /etc/hosts; shift; exec "$@"';
    const program = [...WITH_HOSTS, script, "sh", hosts, process.execPath, SERVER];
    const webhook = await startWebhook({ ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" }, program);
    running = { ...world, webhook, url: `https://${webhook.address}` };
  });
  afterAll(async () => {
    await Promise.all([running.webhook.stop(), registry.stop(), world.stop()]);
    await rm(directory, { recursive: true });
  });

  test("leads to another machine is looked up there", async () => {
    const { pod } = await mutate(running, podWith({ image: `${registry.host}/app:1`, command: [] }));
    expect(containerOf(pod).args).toEqual(["--", "/bin/app"]);
  });

  test("leads to this machine is not looked up, and the Pod is denied", async () => {
    const { allowed, status } = await mutate(
      running,
      podWith({ image: "inside.example.com/app:1", command: [] }),
    );
    expect([allowed, status.code]).toEqual([false, 403]);
    expect(status.message).toContain("its name leads to this machine or its link");
    expect(status.message).toContain("PIGGY_REGISTRY_ORIGINS");
  });
});
