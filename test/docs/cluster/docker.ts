/** Stands for `docker` where pages are followed: `docker build …`, by a buildah that has the images of the test. */
import { ownArchitecture } from "../../../scripts/bundle/architecture.ts";
import { createBuildah } from "../../../scripts/images/buildah.ts";

const [store = "", , command, ...args] = process.argv.slice(2);
if (command !== "build") throw new Error(`docker ${command} is not what a test can do`);
const buildah = await createBuildah(store);
await buildah.run("bud", "--isolation", "chroot", "--platform", `linux/${ownArchitecture}`, ...args);
