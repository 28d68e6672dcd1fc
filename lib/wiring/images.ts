/** The look-up of what images run, with the pull secrets that a cluster has, if there is one. */
import { readPem } from "../http/tls.ts";
import type { Lookups } from "../kubernetes/lookups.ts";
import type { Log } from "../log.ts";
import { keepAccountSecrets } from "../registry/account-secrets.ts";
import type { AskEcr } from "../registry/ecr-logins.ts";
import { parseOrigins } from "../registry/endpoint.ts";
import type { ObserveImage } from "../registry/image-cache.ts";
import { createImageLookup, type PullSecrets } from "../registry/lookup.ts";
import { networkOf } from "../registry/network.ts";
import { parseMirrors } from "../registry/source.ts";
import type { Environment, Settings } from "../settings.ts";

export interface ImageCalls {
  readonly askEcr: AskEcr;
  readonly observe?: ObserveImage;
}

export async function wireImages(
  settings: Settings,
  environment: Environment,
  lookups: Lookups | undefined,
  log: Log,
  { askEcr, observe }: ImageCalls,
) {
  const registryCa = settings["piggy-registry-ca-file"];
  const trustedOrigins = parseOrigins(settings["piggy-registry-origins"]);
  const registry = {
    trustedOrigins,
    mirrors: parseMirrors(settings["piggy-registry-mirrors"], trustedOrigins),
    ca: registryCa ? await readPem(registryCa) : undefined,
    network: networkOf(environment),
  };
  const pullSecrets: PullSecrets = {
    async read(namespace, name, signal) {
      const content = await lookups?.readObject(namespace, { kind: "Secret", name }, signal);
      return content?.seen ? content.data : undefined;
    },
    ofServiceAccount: keepAccountSecrets(async (namespace, name, signal) => {
      const names = await lookups?.readPullSecretNames(namespace, name, signal);
      if (names === undefined) return [];
      if (typeof names !== "string") return names;
      const reason = `the service account is ${names}, so its imagePullSecrets are not tried`;
      log("debug", reason, { namespace, serviceAccount: name });
      return [];
    }),
  };
  return createImageLookup(registry, pullSecrets, askEcr, observe);
}
