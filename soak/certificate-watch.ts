/** What each replica serves, seen by a client that trusts what the API server trusts, by the true time. */
import type { Cluster } from "../test/apiserver/cluster.ts";
import { podsOf } from "../test/apiserver/objects.ts";
import { OWN_NAMESPACE, RELEASE } from "../test/cluster/installation.ts";
import { caBundle, servedCertificate } from "../test/cluster/kept-certificate.ts";
import { startStream } from "../test/cluster/stream.ts";
import { list, object, string } from "../test/fakes/kubernetes/schema.ts";
import type { Recorder } from "./record.ts";

const PAUSE_MS = 700;
/** The chart's. */
const PORT = 8443;

/** A second either way: certificates have no smaller unit. */
const UNIT_MS = 1_000;

/** @returns what ends it */
export function watchCertificates(cluster: Cluster, recorder: Recorder): () => Promise<readonly string[]> {
  const { seen, at, violated } = recorder;
  let trusted = "";
  let replicas: readonly Address[] = [];
  const look = async ({ pod, ip }: Address) => {
    let served: Awaited<ReturnType<typeof servedCertificate>>;
    try {
      served = await servedCertificate(ip, trusted, PORT);
    } catch (error) {
      if (isOfTheCertificate(error)) violated("certificate not valid", pod, String(error));
      return;
    }
    const now = Date.now();
    const [from, until] = [served.from.getTime() - UNIT_MS, served.until.getTime() + UNIT_MS];
    if (now < from || now > until) {
      violated(
        "certificate not valid",
        pod,
        `from ${served.from.toISOString()} until ${served.until.toISOString()}`,
      );
    }
    seen.verified += 1;
    seen.served.push({ at: at(), replica: pod, left: (served.until.getTime() - now) / 1000 });
  };
  return startStream(async () => {
    // While the API server is away, what it said last is still so.
    trusted = (await caBundle(cluster).catch(() => "")) || trusted;
    replicas = await addressesOf(cluster).catch(() => replicas);
    await Promise.all(replicas.map(look));
  }, PAUSE_MS).stop;
}

interface Address {
  readonly pod: string;
  readonly ip: string;
}

const parsePods = object(
  {
    items: list(
      object(
        { metadata: object({ name: string }, {}), status: object({}, { phase: string, podIP: string }) },
        {},
      ),
    ),
  },
  {},
);

/** The query by which the replicas are found, as their Service finds them. */
export const REPLICAS = `labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${RELEASE},app.kubernetes.io/instance=${RELEASE}`)}`;

async function addressesOf(cluster: Cluster): Promise<readonly Address[]> {
  const { body } = await cluster.admin.call("GET", `${podsOf(OWN_NAMESPACE)}?${REPLICAS}`);
  return parsePods(body, "PodList").items.flatMap(({ metadata, status }) =>
    status.phase === "Running" && status.podIP !== undefined
      ? [{ pod: metadata.name, ip: status.podIP }]
      : [],
  );
}

/** And not of a connection that did not come about: a replica may be down. */
export function isOfTheCertificate(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /CERT|VERIFY|ISSUER|ALTNAME|certificate|self.signed/i.test(`${code} ${error}`);
}
