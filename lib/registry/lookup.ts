/** The entrypoint look-up for a container of a Pod, with the credentials that the Pod may use. */
import type { Deadline, Ending } from "../deadline.ts";
import type { Pod } from "../pod.ts";
import type { Settings } from "../settings.ts";
import { createTurns } from "../turns.ts";
import { createAuthorizationCache } from "./authorization-cache.ts";
import { credentialsFor, type Entry, parseDockerConfig } from "./credentials.ts";
import { parseEcrHost } from "./ecr-host.ts";
import { type AskEcr, createEcrLogins } from "./ecr-logins.ts";
import { createImageCache, type ObserveImage } from "./image-cache.ts";
import { type ImageCommand, readImageCommand } from "./image-command.ts";
import { ANONYMOUS, ecrLogin, storedLogin } from "./login.ts";
import { platformOf } from "./platform.ts";
import type { RegistrySettings } from "./registry-settings.ts";
import type { Source } from "./source.ts";

export interface ImageLookup {
  readonly container: { readonly image: string; readonly imagePullPolicy: string | undefined };
  readonly pod: Pod;
  readonly namespace: string;
  readonly settings: Settings;
  readonly deadline: Deadline;
}

/** What a look-up of credentials asks of the cluster. */
export interface PullSecrets {
  /** A Secret's data; undefined when it is not there or not ours to read. */
  readonly read: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, string> | undefined>;
  /** The names in a ServiceAccount's imagePullSecrets; none when it is not there or not ours to read. */
  readonly ofServiceAccount: (
    namespace: string,
    name: string,
    deadline: Ending,
  ) => Promise<readonly string[]> | readonly string[];
}

/**
 * @throws PiggyError, from the look-up made, with codes `image_*` and `registry_unavailable`.
 */
export function createImageLookup(
  settings: RegistrySettings,
  pullSecrets: PullSecrets,
  askEcr: AskEcr,
  observe?: ObserveImage,
) {
  const registries = {
    settings,
    authorizations: createAuthorizationCache(),
    cache: createImageCache(undefined, undefined, observe),
  };
  const ecrLogins = createEcrLogins(askEcr);
  // All containers of a Pod have the same secrets.
  const secretsRead = new WeakMap<Pod, Promise<Entries>>();
  const secretsOf = (lookup: ImageLookup) => {
    const known = secretsRead.get(lookup.pod);
    if (known !== undefined) return known;
    const entries = readEntries(lookup, pullSecrets);
    if (entries instanceof Promise) secretsRead.set(lookup.pod, entries);
    return entries;
  };
  return (lookup: ImageLookup): Promise<ImageCommand> | ImageCommand => {
    const { container, pod, settings, deadline } = lookup;
    const loginsBy = ({ kubelets, ours }: Entries, source: Source) => {
      const stored = [...credentialsFor(source, kubelets), ...credentialsFor(source, ours)];
      const ecr = parseEcrHost(source.domain);
      const last = ecr === undefined ? ANONYMOUS : ecrLogin(ecr, ecrLogins);
      return [...stored.map(storedLogin), last];
    };
    const logins = (source: Source) => {
      const entries = secretsOf(lookup);
      return entries instanceof Promise
        ? entries.then((known) => loginsBy(known, source))
        : loginsBy(entries, source);
    };
    return readImageCommand(
      {
        image: container.image,
        platform: platformOf(pod),
        skipVerify: settings["image-skip-verify-registry"],
        imagePullPolicy: container.imagePullPolicy,
        logins,
        deadline,
      },
      registries,
    );
  };
}

/** A Pod can name any number of secrets. */
const SECRETS_SIDE_BY_SIDE = 16;

/** One list of what the kubelet has as well, and another of what only we were told of. */
function readEntries(lookup: ImageLookup, pullSecrets: PullSecrets): Promise<Entries> | Entries {
  const { pod, namespace, settings, deadline } = lookup;
  const read = (ofAccount: readonly string[]) => {
    const [kubelets, ours] = [namesOf(pod, ofAccount, namespace), annotated(settings, namespace)];
    if (kubelets.length === 0 && ours.length === 0) return NO_ENTRIES;
    return readSecrets(kubelets, ours, pullSecrets, deadline);
  };
  const names = pullSecrets.ofServiceAccount(namespace, pod.serviceAccount, deadline);
  return names instanceof Promise ? names.then(read) : read(names);
}

async function readSecrets(
  kubeletsNames: readonly SecretName[],
  ourNames: readonly SecretName[],
  pullSecrets: PullSecrets,
  deadline: Deadline,
): Promise<Entries> {
  const turn = createTurns(SECRETS_SIDE_BY_SIDE);
  const entriesOf = async (secrets: readonly SecretName[]) => {
    const data = await Promise.all(
      secrets.map((secret) => turn(() => pullSecrets.read(secret.namespace, secret.name, deadline.signal))),
    );
    return data.flatMap((entry) => (entry === undefined ? [] : parseDockerConfig(entry)));
  };
  const [kubelets, ours] = await Promise.all([entriesOf(kubeletsNames), entriesOf(ourNames)]);
  return { kubelets, ours };
}

interface Entries {
  readonly kubelets: readonly Entry[];
  readonly ours: readonly Entry[];
}

const NO_ENTRIES: Entries = { kubelets: [], ours: [] };

interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** The Pod's own come first, then its service account's, which the API server copies only to a Pod that has none. */
function namesOf(pod: Pod, ofAccount: readonly string[], namespace: string): readonly SecretName[] {
  if (pod.imagePullSecrets.length === 0 && ofAccount.length === 0) return [];
  const names = new Set([...pod.imagePullSecrets, ...ofAccount]);
  return [...names].map((name) => ({ namespace, name }));
}

function annotated(settings: Settings, namespace: string): readonly SecretName[] {
  const name = settings["image-pull-secret"];
  if (!name) return [];
  return [{ namespace: settings["image-pull-secret-namespace"] || namespace, name }];
}
