/**
 * The pages' commands that need a cluster, from the text itself, with a real node in the place of kind's: real
 * kubectl, real Helm. Part of `npm run test:cluster`.
 */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { version } from "../../package.json" with { type: "json" };
import { CACHE } from "../../scripts/bundle/cache.ts";
import { writeKubeconfig } from "../cluster/control-plane.ts";
import { type OneNode, startOneNode } from "../cluster/one-node.ts";
import { checkOf, FOLLOWED } from "./checks.ts";
import { buildBusybox, buildMoto } from "./cluster/public-images.ts";
import { writeStandIns } from "./cluster/stand-ins.ts";
import { follow } from "./follow.ts";
import { blocksOf, PAGES, placeOf, ROOT } from "./pages.ts";
import { plainEnvironment, type Session, startSession } from "./session.ts";

/** Images that nodes pull, as the pages name them. */
const PUBLIC = {
  "docker.io/motoserver/moto:5.2.5": buildMoto,
  "docker.io/library/busybox:1.37": buildBusybox,
} as const;

let node: OneNode;
let environment: Readonly<Record<string, string>>;
beforeAll(async () => {
  node = await startOneNode();
  const folder = await writeStandIns(node);
  const { PATH = "", ...plain } = plainEnvironment();
  environment = {
    ...plain,
    PATH: `${folder}:${PATH}`,
    HOME: node.directory,
    PIGGY_BUILD_CACHE: CACHE,
    KUBECONFIG: await writeKubeconfig(node.cluster, "admin"),
  };
  const session = await startSession(ROOT, environment);
  for (const [name, build] of Object.entries(PUBLIC)) {
    await build(node.buildah, name);
    await session.run(`kind load docker-image ${name}\n`);
  }
  await session.end();
});
afterAll(() => node?.stop());

const pages = PAGES.map((page) => ({
  page,
  blocks: blocksOf(page).filter((each) => checkOf(each) === "cluster"),
}));

const EVIDENCE = `kubectl get pods,events --all-namespaces
for pod in $(kubectl get pods -o name); do kubectl logs --all-containers $pod || true; done
`;

/** A command that waited in vain says no more than that. */
async function whatHappened(): Promise<string> {
  const session = await startSession(ROOT, environment);
  try {
    return await session.run(EVIDENCE);
  } finally {
    await session.end();
  }
}

type Page = (typeof pages)[number];

/** One after the other in one shell: each counts on those before. */
function typeAll({ blocks }: Page): void {
  let session: Session;
  let isLost = false;
  beforeAll(async () => {
    session = await startSession(ROOT, environment);
  });
  afterAll(() => session.end());
  test.each(blocks.map((block) => [placeOf(block), block] as const))("%s", async (_, block) => {
    if (isLost) throw new Error("a command before this one failed");
    try {
      await follow(block, session);
    } catch (error) {
      isLost = true;
      throw new Error(`${error}\n${await whatHappened()}`);
    }
  });
}

describe.each(pages.filter(({ page }) => FOLLOWED.includes(page)))("$page, word by word", typeAll);

const others = pages.filter(({ page, blocks }) => !FOLLOWED.includes(page) && blocks.length > 0);

describe("with the chart's images on the node", () => {
  beforeAll(() => type(OF_THE_CHART));

  describe.each(others)("$page", (page) => {
    beforeAll(async () => {
      if (!installsIt(page)) await type(INSTALL);
    });
    afterAll(() => type(UNINSTALL));
    typeAll(page);

    test("has a piggy-webhooks that is ready at its end", () => type(READY));
  });
});

const installsIt = ({ blocks }: Page) => blocks.some(({ text }) => / install piggy-webhooks /.test(text));

/** The images that the chart names by itself, as a node would have pulled them. */
const OF_THE_CHART = ["piggy-webhooks", "piggy-env"]
  .map((name) => `ghcr.io/piggysec/${name}:${version}`)
  .map((image) => {
    const target = image.slice(image.lastIndexOf("/") + 1, image.lastIndexOf(":"));
    return `docker build --target ${target} --tag ${image} .\nkind load docker-image ${image}\n`;
  })
  .join("");
const INSTALL =
  "helm -n piggy-webhooks install piggy-webhooks charts/piggy-webhooks --create-namespace --wait --timeout 3m\n";
const READY = "kubectl -n piggy-webhooks rollout status deployment/piggy-webhooks --timeout=3m\n";
const UNINSTALL =
  "helm -n piggy-webhooks uninstall piggy-webhooks --wait\nkubectl delete namespace piggy-webhooks\n";

async function type(script: string): Promise<void> {
  const session = await startSession(ROOT, environment);
  try {
    await session.run(script);
  } finally {
    await session.end();
  }
}
