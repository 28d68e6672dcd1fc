/** What a Pod has of its own where something of ours has to be: names of volumes and containers, paths of mounts. */
import { PiggyError } from "../error.ts";
import type { JsonObject } from "../json.ts";
import type { Container, Pod } from "../pod.ts";
import { annotationName } from "../settings.ts";
import { INJECTOR_VOLUME, INSTALL_CONTAINER, isInstallContainer, MOUNT_PATH } from "./injector-volume.ts";
import { TOKEN_MOUNT_PATH, TOKEN_VOLUME } from "./token-volume.ts";

/** Our volumes: what they are made of, and where alone they are mounted. */
const VOLUMES = [
  { name: INJECTOR_VOLUME, sources: ["emptyDir", "image"], path: absolute(MOUNT_PATH) },
  { name: TOKEN_VOLUME, sources: ["projected"], path: absolute(TOKEN_MOUNT_PATH) },
] as const;

/** @throws PiggyError `name_taken` */
export function refuseTakenNames({ volumes, initContainers, containers }: Pod): void {
  const others = [...initContainers.filter((container) => !isInstallContainer(container)), ...containers];
  const mounts = others.flatMap(({ volumeMounts }) => volumeMounts);
  for (const { name, sources, path } of VOLUMES) {
    const named = volumes.filter((volume) => volume["name"] === name);
    const isOther = named.some((volume) => sources.every((source) => !volume[source]));
    const isElsewhere = mounts.some((mount) => mount["name"] === name && pathOf(mount) !== path);
    if (isOther || (named.length > 0 && isElsewhere)) throw taken("volume", name);
  }
  if (others.some(({ name }) => name === INSTALL_CONTAINER)) throw taken("container", INSTALL_CONTAINER);
}

function taken(what: string, name: string): PiggyError {
  return new PiggyError(
    "name_taken",
    `the Pod has a ${what} of its own called ${name}, a name that piggy-webhooks needs: rename it`,
  );
}

/** Nothing can be created in these, neither a folder to mount on. */
const READ_ONLY_SOURCES = ["configMap", "secret", "projected", "downwardAPI", "image"];

/**
 * For a container that is to be wrapped. A mount at or below ours would hide the injector or its token, or could not
 * be made there; one above the token is well if the runtime can create the token's folder in it. Above the injector
 * there is the root alone.
 * @throws PiggyError `path_taken`
 */
export function refuseTakenPaths({ name, volumeMounts }: Container, pod: Pod, hasToken: boolean): void {
  const ours: ReadonlySet<unknown> = new Set(VOLUMES.map((volume) => volume.name));
  const needed = VOLUMES.filter((volume) => volume.name !== TOKEN_VOLUME || hasToken);
  for (const mount of volumeMounts) {
    if (ours.has(mount["name"])) continue;
    const path = pathOf(mount);
    const hidden = needed.find((volume) => isWithin(path, volume.path));
    if (hidden !== undefined) throw pathTaken(name, mount, `at or below ${hidden.path}`);
    const isAbove = hasToken && path !== "/" && isWithin(absolute(TOKEN_MOUNT_PATH), path);
    if (isAbove && isReadOnly(mount, pod))
      throw pathTaken(name, mount, `read-only above ${TOKEN_MOUNT_PATH}`);
  }
}

function pathTaken(container: string, { name, mountPath }: JsonObject, where: string): PiggyError {
  return new PiggyError(
    "path_taken",
    `container ${JSON.stringify(container)} mounts volume ${name} at ${mountPath}, ${where}, which piggy-webhooks needs: ` +
      `mount it elsewhere, or name the container in ${annotationName("piggy-skip-containers")}`,
  );
}

function isReadOnly(mount: JsonObject, { volumes }: Pod): boolean {
  const volume = volumes.find(({ name }) => name === mount["name"]);
  return mount["readOnly"] === true || READ_ONLY_SOURCES.some((source) => volume?.[source]);
}

function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

function pathOf({ mountPath }: JsonObject): string {
  return absolute(typeof mountPath === "string" ? mountPath : "");
}

/** As the runtime takes it: from the root, whatever it begins with. */
function absolute(path: string): string {
  const folders: string[] = [];
  for (const folder of path.split("/")) {
    if (folder === "..") folders.pop();
    else if (folder !== "" && folder !== ".") folders.push(folder);
  }
  return `/${folders.join("/")}`;
}
