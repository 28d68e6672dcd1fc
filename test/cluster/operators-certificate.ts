import type { Cluster } from "../apiserver/cluster.ts";
import { add } from "../apiserver/objects.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { OWN_NAMESPACE, RELEASE } from "./installation.ts";

/** A Secret with a certificate for the Service, as an operator makes it. @returns its CA */
export async function addOperatorsCertificate(cluster: Cluster, name: string): Promise<string> {
  const authority = await createCertificateAuthority("of the operator");
  const ca = `${authority.pem.trimEnd()}\n`;
  const { cert, key } = await authority.issue({ names: [`${RELEASE}.${OWN_NAMESPACE}.svc`] });
  await add(cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData: { "tls.crt": cert, "tls.key": key, "ca.crt": ca },
  });
  return ca;
}
