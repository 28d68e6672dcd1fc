/** Where the certificate comes from: files, or the webhook's own CA. */
import { createKeeper, firstCertificate } from "../certificates/keeper.ts";
import { certificateNames } from "../certificates/names.ts";
import { PiggyError } from "../error.ts";
import { readTls, type Tls } from "../http/tls.ts";
import { createOwnSecret } from "../kubernetes/own-secret.ts";
import { createBundleChanger } from "../kubernetes/webhook-bundles.ts";
import type { Ground } from "./api-server.ts";

export interface CertificateSource {
  /** Undefined is plain HTTP. */
  readonly first: () => Promise<Tls | undefined>;
  readonly read: () => Promise<Tls | undefined>;
}

/** @throws PiggyError `setting_invalid` */
export function wireCertificates({ settings, apiServer, log }: Ground): CertificateSource {
  // Who verifies it is the API server, at its own time.
  const { namespace, client, now } = apiServer;
  const secret = settings["piggy-certificate-secret"];
  if (!secret) return { first: () => readTls(settings), read: () => readTls(settings) };
  if (settings["tls-cert-file"] || settings["tls-private-key-file"]) {
    throw new PiggyError(
      "setting_invalid",
      "PIGGY_CERTIFICATE_SECRET and TLS_CERT_FILE exclude each other: a certificate of the webhook's own, or yours",
    );
  }
  const service = settings["piggy-service-name"];
  const webhookConfiguration = settings["piggy-webhook-configuration"] || undefined;
  const kept = {
    ...createOwnSecret(client, { namespace, service, secret }),
    changeBundles: createBundleChanger(client, webhookConfiguration),
  };
  const { look } = createKeeper(kept, {
    names: certificateNames({ service, namespace, further: settings["piggy-certificate-names"] }),
    authorityLifetimeMs: settings["piggy-ca-lifetime"],
    certificateLifetimeMs: settings["piggy-certificate-lifetime"],
    now,
    log,
  });
  return { first: () => firstCertificate(look, log), read: look };
}
