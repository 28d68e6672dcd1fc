/** Keys that were asked for and are not there: what whoever asks is told of those that are. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

const SECRET = {
  DB_PASSWORD: `${HUSH}1`,
  DB_PASSWORDS: `${HUSH}2`,
  db_passwd: `${HUSH}3`,
  DB_PASSWORD_OLD: `${HUSH}4`,
  DB_PASSWORX: `${HUSH}5`,
  USER: `${HUSH}6`,
  PIGGY_ALLOWED_SA: "shop:cart",
};

let world: World;
let door: SecretDoor;
let versionId: string;
beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  ({ versionId } = world.aws.putSecret({ region: REGION, name: "shop/cart", value: JSON.stringify(SECRET) }));
});
afterAll(() => world.stop());

async function askFor(references: readonly string[], options: PodOptions = {}): Promise<Answer> {
  const pod = await startPod(world.kubernetes, options);
  return door.ask(await ownToken(world.kubernetes, pod), requestOf(pod, references));
}

function reasonsIn({ headers }: Answer): Record<string, { code: string; message: string }> {
  return JSON.parse(Buffer.from(headers.get("x-piggy-unresolved") ?? "", "base64url").toString() || "{}");
}

test("one that stands in the container's env is told with the nearest, three at most, and never their values", async () => {
  const answer = await askFor(["DB_PASSWORT", "USER"], { env: { A: "piggy:DB_PASSWORT", B: "piggy:USER" } });
  expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { USER: `${HUSH}6` }]);
  expect(reasonsIn(answer)).toEqual({
    DB_PASSWORT: {
      code: "reference_unresolved",
      message:
        `secret shop/cart in ${REGION} has no key "DB_PASSWORT" in version ${versionId}: the nearest are ` +
        '"DB_PASSWORD", "DB_PASSWORX", "DB_PASSWORDS"',
    },
  });
  expect(answer.audit).toMatchObject({
    decision: "allowed",
    secret: "shop/cart",
    region: REGION,
    version: versionId,
    keys: ["USER"],
    unresolved: { DB_PASSWORT: "reference_unresolved" },
    nearest: { DB_PASSWORT: ["DB_PASSWORD", "DB_PASSWORX", "DB_PASSWORDS"] },
  });
});

test("one within a value is told so as well, and in capitals that it should not have", async () => {
  const answer = await askFor(["DB_PASSWD"], { env: { URL: `pg://u:\${piggy:DB_PASSWD:-x}@db` } });
  expect(reasonsIn(answer)["DB_PASSWD"]?.message).toContain(': the nearest are "db_passwd", "DB_PASSWORD"');
});

test("one that nobody wrote into the container's env tells nothing of the others, or names could be fished for", async () => {
  const answer = await askFor(["DB_PASSWORT", "USERS"], { env: { A: "piggy:USER" }, argv: ["/app"] });
  const reasons = reasonsIn(answer);
  expect(reasons["USERS"]?.message).toEndWith(`has no key "USERS" in version ${versionId}`);
  expect(JSON.stringify(reasons)).not.toContain('DB_PASSWORD"');
  expect(answer.audit?.["nearest"]).toBeUndefined();
});

test("the policy in the secret is neither given nor suggested", async () => {
  const env = { A: "piggy:PIGGY_ALLOWED_S", B: "piggy:PIGGY_ALLOWED_SA" };
  const reasons = reasonsIn(await askFor(["PIGGY_ALLOWED_S", "PIGGY_ALLOWED_SA"], { env }));
  expect(reasons["PIGGY_ALLOWED_S"]?.message).toEndWith(`in version ${versionId}`);
  expect(reasons["PIGGY_ALLOWED_SA"]).toEqual({
    code: "reference_unresolved",
    message: '"PIGGY_ALLOWED_SA" is a setting of Piggy\'s own, which no container is given',
  });
});

test("a path of which nothing is there is told with what names it", async () => {
  const annotations = { "aws-ssm-parameter-path": "/shop/none" };
  const answer = await askFor(["KEY"], { env: { A: "piggy:KEY" }, annotations });
  expect(reasonsIn(answer)["KEY"]).toEqual({
    code: "secret_not_found",
    message:
      `parameter path /shop/none in ${REGION}: there is no parameter below it: it is named by the annotation ` +
      "piggysec.com/aws-ssm-parameter-path, its region by AWS_REGION on piggy-webhooks",
  });
  expect(answer.audit).toMatchObject({
    decision: "allowed",
    path: "/shop/none",
    unresolved: { KEY: "secret_not_found" },
  });
});

test("one that parameters of a path may be is told with these, where they are equally deep", async () => {
  const names = [
    "/shop/twice/KEY",
    "/shop/twice/a/KEY",
    "/shop/twice/a/OTHER",
    "/shop/twice/b/OTHER",
    "/shop/twice/c/OTHER",
  ];
  for (const name of names) world.aws.putParameter({ region: REGION, name, value: `${HUSH}${name}` });
  const env = { A: "piggy:KEY", B: `\${piggy:OTHER:-x}` };
  const answer = await askFor(["KEY", "OTHER"], {
    env,
    annotations: { "aws-ssm-parameter-path": "/shop/twice" },
  });
  expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { KEY: `${HUSH}/shop/twice/KEY` }]);
  expect(reasonsIn(answer)["OTHER"]).toEqual({
    code: "key_ambiguous",
    message:
      '"OTHER" may mean the parameter /shop/twice/a/OTHER or /shop/twice/b/OTHER, and 1 more: name the one by ' +
      "piggy://ssm/shop/twice/a/OTHER, or rename the other",
  });
});

test("one that a pointer names is told with the nearest beside it, the first two of an entry", async () => {
  const value = { DB: { PASSWORD: `${HUSH}7`, USER: `${HUSH}8` }, PIGGY_ALLOWED_SA: "shop:cart" };
  world.aws.putSecret({ region: REGION, name: "shop/nested", value: JSON.stringify(value) });
  const keys = ["/DB/PASSWORT", "/db", "/DB/USERS", "/PIGGY_ALLOWED_S"].map((at) => `//sm/shop/nested#${at}`);
  const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
  const reasons = reasonsIn(await askFor(keys, { env }));
  const messages = keys.map((key) =>
    reasons[key]?.message.replace(`secret shop/nested in ${REGION} has no value at `, ""),
  );
  expect(messages).toEqual([
    '"/DB/PASSWORT": the nearest is "PASSWORD"',
    '"/db": the nearest is "DB"',
    '"/DB/USERS"',
    '"/PIGGY_ALLOWED_S"',
  ]);
  const alone = reasonsIn(await askFor(keys.slice(3), { env }));
  expect(alone[keys[3] ?? ""]?.message).toEndWith('has no value at "/PIGGY_ALLOWED_S"');
});

test("ten thousand of them are answered, and no line of the log grows with them", async () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `${"X".repeat(80)}${index}`);
  const answer = await askFor(keys);
  expect([answer.status, answer.body]).toEqual([200, "{}"]);
  expect(answer.headers.get("x-piggy-unresolved")?.length).toBeLessThanOrEqual(4096);
  expect(Object.keys(answer.audit?.["unresolved"] ?? {})).toHaveLength(100);
  expect(answer.audit?.["unresolvedMore"]).toBe(9_900);
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
