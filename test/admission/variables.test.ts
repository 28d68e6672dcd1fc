/** The variables that a changed container gets, from the Pod's settings and the webhook's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import { containerOf, environmentOf, mutate, ownAddressOf, podWith, SECRET } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const inject = (annotations: Record<string, string> = {}, options: Parameters<typeof podWith>[1] = {}) =>
  mutate(world, podWith({}, { ...options, annotations }));
const environment = async (annotations: Record<string, string>) =>
  environmentOf((await inject(annotations)).pod);

const own = { name: "PASSWORD", value: "piggy:PASSWORD" };

describe("a container's env", () => {
  test("in proxy mode is its own, then ours", async () => {
    const { pod } = await inject();
    const { env } = containerOf(pod);
    expect(env).toEqual([
      own,
      { name: "PIGGY_AWS_SECRET_NAME", value: SECRET },
      { name: "PIGGY_AWS_SECRET_VERSION", value: "AWSCURRENT" },
      { name: "PIGGY_AWS_REGION", value: REGION },
      { name: "PIGGY_ADDRESS", value: ownAddressOf(world) },
      { name: "PIGGY_CA", value: world.authority.pem },
      { name: "PIGGY_SERVICE", value: world.webhook.address },
      { name: "PIGGY_TOKEN_FILE", value: "/var/run/secrets/piggysec.com/serviceaccount/token" },
      { name: "PIGGY_ENFORCE_INTEGRITY", value: "true" },
      { name: "PIGGY_POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
      { name: "PIGGY_UID", value: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
  });

  test("in standalone mode has nothing of the webhook's, and the Pod no token for it", async () => {
    const { pod } = await inject({ "piggysec.com/standalone": "true" });
    expect(containerOf(pod).env).toEqual([
      own,
      { name: "PIGGY_AWS_SECRET_NAME", value: SECRET },
      { name: "PIGGY_AWS_SECRET_VERSION", value: "AWSCURRENT" },
      { name: "PIGGY_AWS_REGION", value: REGION },
      { name: "PIGGY_STANDALONE", value: "true" },
      { name: "PIGGY_UID", value: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
    expect(pod.spec.volumes).toEqual([{ name: "piggy-env", emptyDir: {} }]);
    expect(containerOf(pod).volumeMounts).toEqual([
      { name: "piggy-env", mountPath: "/piggy/", readOnly: true },
    ]);
  });

  describe("with objects behind envFrom", () => {
    const GUARDS = ["PIGGY_STANDALONE", "PIGGY_SKIP_VERIFY_TLS", "PIGGY_IGNORE_NO_ENV"];
    const from = (prefix?: string) => [{ configMapRef: { name: "any", optional: true }, prefix }];
    const guardsOf = ({ pod }: Awaited<ReturnType<typeof mutate>>) =>
      GUARDS.map((name) => environmentOf(pod)[name]);

    test.each([
      ["no prefix", undefined, ["false", "false", "false"]],
      ["the beginning of some", "PIGGY_S", ["false", "false", undefined]],
      ["another prefix", "APP_", [undefined, undefined, undefined]],
    ])("of %s, says of what they could set that it is off", async (_, prefix, said) => {
      const first = await mutate(world, podWith({ envFrom: from(prefix) }));
      expect(guardsOf(first)).toEqual(said);
      expect((await mutate(world, first.pod)).patch).toEqual([]);
    });

    const empty = (...names: readonly string[]) => names.map((name) => ({ name }));
    const ofTheWebhookIn = ({ pod }: Awaited<ReturnType<typeof mutate>>) =>
      (containerOf(pod).env ?? []).filter(({ name }) => ["PIGGY_CA", "PIGGY_SERVICE"].includes(name));

    test.each([
      ["no prefix", undefined, empty("PIGGY_CA", "PIGGY_SERVICE")],
      ["the beginning of one", "PIGGY_C", empty("PIGGY_CA")],
      ["another prefix", "APP_", []],
    ])("of %s, leaves another host to the built-in roots and its own address", async (_, prefix, said) => {
      const annotations = { "piggysec.com/piggy-address": "https://piggy.example.com" };
      const first = await mutate(world, podWith({ envFrom: from(prefix) }, { annotations }));
      expect(ofTheWebhookIn(first)).toEqual(said);
      expect((await mutate(world, first.pod)).patch).toEqual([]);
    });

    test.each([
      ["verified by the CA that is known", {}, ["PIGGY_CA", "PIGGY_SERVICE"]],
      ["never asked in standalone mode", { "piggysec.com/standalone": "true" }, []],
    ])("has nothing more of a webhook that is %s", async (_, annotations, names) => {
      const found = ofTheWebhookIn(await mutate(world, podWith({ envFrom: from() }, { annotations })));
      expect(found.map(({ name }) => name)).toEqual(names);
      expect(found.every(({ value }) => value)).toBe(true);
    });

    test.each([
      ["the usual file", undefined, undefined, "/dev/termination-log"],
      ["the usual file, said in so many words", undefined, "/dev/termination-log", "/dev/termination-log"],
      ["the container's own", undefined, "/tmp/end", "/tmp/end"],
      ["nothing where they cannot name another", "APP_", undefined, undefined],
    ])("names for the reason of an end %s", async (_, prefix, terminationMessagePath, file) => {
      const first = await mutate(world, podWith({ envFrom: from(prefix), terminationMessagePath }));
      expect(environmentOf(first.pod)["PIGGY_TERMINATION_LOG"]).toBe(file);
      expect((await mutate(world, first.pod)).patch).toEqual([]);
    });

    test("has what the annotations and the manifest's own env turn on", async () => {
      const on = { name: "PIGGY_IGNORE_NO_ENV", value: "true" };
      const annotations = {
        "piggysec.com/standalone": "true",
        "piggysec.com/piggy-skip-verify-tls": "true",
      };
      const first = await mutate(world, podWith({ envFrom: from(), env: [own, on] }, { annotations }));
      expect(guardsOf(first)).toEqual(["true", "false", "true"]);
      expect((await mutate(world, first.pod)).patch).toEqual([]);
    });
  });

  test("has the parameter path in the secret's place", async () => {
    const variables = await environment({ "piggysec.com/aws-ssm-parameter-path": "/shop/api" });
    expect(variables).toMatchObject({ PIGGY_AWS_SSM_PARAMETER_PATH: "/shop/api", PIGGY_AWS_REGION: REGION });
    expect(variables).not.toHaveProperty("PIGGY_AWS_SECRET_NAME");
  });

  test("has what the Pod's annotations set", async () => {
    expect(
      await environment({
        "piggysec.com/aws-secret-version": "AWSPREVIOUS",
        "piggysec.com/aws-region": "eu-central-1",
        "piggysec.com/debug": "t",
        "piggysec.com/piggy-ignore-no-env": "1",
        "piggysec.com/piggy-dns-resolver": "tcp",
        "piggysec.com/piggy-initial-delay": "1m0.5s",
        "piggysec.com/piggy-number-of-retry": "3",
        "piggysec.com/piggy-enforce-integrity": "false",
      }),
    ).toMatchObject({
      PIGGY_AWS_SECRET_VERSION: "AWSPREVIOUS",
      PIGGY_AWS_REGION: "eu-central-1",
      PIGGY_DEBUG: "true",
      PIGGY_IGNORE_NO_ENV: "true",
      PIGGY_DNS_RESOLVER: "tcp",
      PIGGY_INITIAL_DELAY: "60500ms",
      PIGGY_NUMBER_OF_RETRY: "3",
      PIGGY_ENFORCE_INTEGRITY: "false",
    });
  });

  test("keeps an application's variables of like names, and not one of ours that a manifest made up", async () => {
    const others = [
      { name: "PIGGY_BANK_URL", value: "https://bank" },
      { name: "AWS_REGION", value: "us-east-1" },
    ];
    const forged = { name: "PIGGY_AWS_SECRET_NAME", value: "somebody/else" };
    const { pod } = await mutate(world, podWith({ env: [...others, forged, own] }));
    expect(containerOf(pod).env?.slice(0, 2)).toEqual(others);
    expect(containerOf(pod).env?.filter(({ name }) => name === forged.name)).toEqual([
      { ...forged, value: SECRET },
    ]);
  });
});

describe("what a manifest itself tells the injector", () => {
  const tuned = (annotations: Record<string, string>) =>
    mutate(world, podWith({ env: [own, { name: "PIGGY_NUMBER_OF_RETRY", value: "7" }] }, { annotations }));

  test("stays where no setting says otherwise", async () => {
    expect(environmentOf((await tuned({})).pod)["PIGGY_NUMBER_OF_RETRY"]).toBe("7");
  });

  test("is replaced by a setting", async () => {
    const { pod } = await tuned({ "piggysec.com/piggy-number-of-retry": "2" });
    expect(containerOf(pod).env?.filter(({ name }) => name === "PIGGY_NUMBER_OF_RETRY")).toEqual([
      { name: "PIGGY_NUMBER_OF_RETRY", value: "2" },
    ]);
  });
});

describe("what makes injection impossible is denied:", () => {
  test.each(["mars", "us-east-1.example.com", "us-east-1/", "US-EAST-1"])("region %s", async (region) => {
    const { allowed, status } = await inject({ "piggysec.com/aws-region": region });
    expect(allowed).toBe(false);
    expect(status.message).toContain("piggysec.com/aws-region");
  });

  test("standalone mode without a secret or a path", async () => {
    const { allowed, status } = await inject({
      "piggysec.com/aws-secret-name": "",
      "piggysec.com/piggy-address": "https://anywhere.example.com",
      "piggysec.com/standalone": "true",
    });
    expect(allowed).toBe(false);
    expect(status.message).toContain("piggysec.com/aws-secret-name");
  });
});

describe("the default secret", () => {
  const address = {
    "piggysec.com/aws-secret-name": "",
    "piggysec.com/piggy-address": "https://piggy-webhooks.piggy-webhooks.svc",
  };

  test.each([
    [{ serviceAccountName: "api" }, {}, "shop/api"],
    [{}, {}, "shop/default"],
    [{ serviceAccountName: "api" }, { prefix: "prod/", suffix: "-v2" }, "prod/shop/api-v2"],
  ])("is named by namespace and service account: %j %j", async (spec, around, secret) => {
    const annotations = Object.fromEntries(
      Object.entries(around).map(([end, text]) => [`piggysec.com/piggy-default-secret-name-${end}`, text]),
    );
    const { pod } = await inject({ ...address, ...annotations }, { spec });
    expect(environmentOf(pod)["PIGGY_AWS_SECRET_NAME"]).toBe(secret);
  });

  test("is of the namespace that the request says, where the Pod says none", async () => {
    const { pod } = await inject({}, { metadata: { namespace: undefined, annotations: address } });
    expect(environmentOf(pod)["PIGGY_AWS_SECRET_NAME"]).toBe("shop/default");
  });
});

describe("with defaults in the webhook's environment", () => {
  let configured: World;
  beforeAll(async () => {
    configured = await startWorld({
      environment: {
        AWS_SECRET_NAME: "cluster/default",
        AWS_SECRET_VERSION: "AWSPREVIOUS",
        STANDALONE: "true",
        PIGGY_NUMBER_OF_RETRY: "5",
        PIGGY_ENV_IMAGE_PULL_POLICY: "Never",
        PIGGY_ENV_RESOURCE_CPU_REQUEST: "lots",
      },
    });
  });
  afterAll(() => configured.stop());
  const injectBare = (annotations: object | undefined) =>
    mutate(configured, podWith({}, { metadata: { annotations } }));

  test("a Pod without annotations is injected, and may have none yet", async () => {
    const { pod, warnings } = await injectBare(undefined);
    expect(environmentOf(pod)).toMatchObject({
      PIGGY_AWS_SECRET_NAME: "cluster/default",
      PIGGY_AWS_SECRET_VERSION: "AWSPREVIOUS",
      PIGGY_STANDALONE: "true",
      PIGGY_NUMBER_OF_RETRY: "5",
    });
    expect(containerOf(pod, "install-piggy-env").imagePullPolicy).toBe("Never");
    // What is wrong with the webhook's environment is its operator's business.
    expect(warnings).toEqual([]);
  });

  test("annotations win over them, also by being empty", async () => {
    const { pod } = await injectBare({
      "piggysec.com/aws-secret-name": SECRET,
      "piggysec.com/standalone": "",
      "piggysec.com/piggy-number-of-retry": "0",
    });
    const variables = environmentOf(pod);
    expect(variables["PIGGY_AWS_SECRET_NAME"]).toBe(SECRET);
    expect(variables).not.toContainAnyKeys(["PIGGY_STANDALONE", "PIGGY_NUMBER_OF_RETRY"]);
  });

  test("a Pod that takes them back is not looked at", async () => {
    const { allowed, patch, warnings } = await injectBare({ "piggysec.com/aws-secret-name": "" });
    expect({ allowed, patch, warnings }).toEqual({ allowed: true, patch: [], warnings: [] });
  });
});
