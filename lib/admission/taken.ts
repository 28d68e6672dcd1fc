/** What a Pod has of its own where something of ours has to be: names of volumes and containers, paths of mounts. */
import { PiggyError } from "../error.ts";
import { type JsonObject, objectOf, stringOf } from "../json.ts";
import type { Container, Pod } from "../pod.ts";
import { annotationName } from "../settings.ts";
import { INJECTOR_VOLUME, INSTALL_CONTAINER, MOUNT_PATH } from "./delivery/injector-volume.ts";
import { ownContainers } from "./own-containers.ts";
import { TOKEN_MOUNT_PATH, TOKEN_VOLUME } from "./token-volume.ts";

const TOKEN_PATH = absolute(TOKEN_MOUNT_PATH);

/** Our volumes: what they are made of, and where alone they are mounted. */
const VOLUMES = [
  { name: INJECTOR_VOLUME, sources: ["emptyDir", "image"], path: absolute(MOUNT_PATH) },
  { name: TOKEN_VOLUME, sources: ["projected"], path: TOKEN_PATH },
] as const;

/** @throws PiggyError `name_taken` */
export function refuseTakenNames(pod: Pod): void {
  const others = ownContainers(pod);
  for (const { name, sources, path } of VOLUMES) {
    if (!pod.volumes.some((volume) => volume["name"] === name)) continue;
    const named = pod.volumes.filter((volume) => volume["name"] === name);
    const isOther = named.some((volume) => sources.every((source) => !volume[source]));
    const isElsewhere = others.some(({ volumeMounts }) =>
      volumeMounts.some((mount) => mount["name"] === name && pathOf(mount) !== path),
    );
    if (isOther || isElsewhere) throw taken("volume", name);
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
  for (const mount of volumeMounts) {
    if (mount["name"] === INJECTOR_VOLUME || mount["name"] === TOKEN_VOLUME) continue;
    const path = pathOf(mount);
    for (const volume of VOLUMES) {
      const isNeeded = hasToken || volume.name !== TOKEN_VOLUME;
      if (isNeeded && isWithin(path, volume.path)) throw pathTaken(name, mount, `at or below ${volume.path}`);
    }
    const isAbove = hasToken && path !== "/" && isWithin(TOKEN_PATH, path);
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

/** The mount may say so, the source be of such a kind, or the source say so, as a claim's does. Source: kubelet, makeMounts. */
function isReadOnly(mount: JsonObject, { volumes }: Pod): boolean {
  const volume = volumes.find(({ name }) => name === mount["name"]) ?? {};
  return (
    mount["readOnly"] === true ||
    READ_ONLY_SOURCES.some((source) => volume[source]) ||
    Object.values(volume).some((source) => objectOf(source)["readOnly"] === true)
  );
}

function isWithin(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false;
  return folder === "/" || path.length === folder.length || path.charAt(folder.length) === "/";
}

function pathOf({ mountPath }: JsonObject): string {
  return absolute(stringOf(mountPath) ?? "");
}

/** Whether nothing is to be done for it, as for nearly every path. */
function isNormal(path: string): boolean {
  return !/^[^/]|\/(?:[/.]|$)|^$/.test(path);
}

/** As the runtime takes it: from the root, whatever it begins with. */
function absolute(path: string): string {
  if (isNormal(path)) return path;
  const folders: string[] = [];
  for (const folder of path.split("/")) {
    if (folder === "..") folders.pop();
    else if (folder !== "" && folder !== ".") folders.push(folder);
  }
  return `/${folders.join("/")}`;
}
