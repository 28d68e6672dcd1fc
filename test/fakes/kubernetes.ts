// A Kubernetes API server for tests and the demo: the part of it that a mutating webhook and an injector speak to,
// over TLS on a free port of localhost. It issues and reviews service-account tokens, authorises by a small RBAC,
// and takes a Pod through admission. What a real server rejects, this one rejects.
import { createCertificateAuthority } from "./certificates.ts";
import { type StoredEvent, storedEvents } from "./kubernetes/events.ts";
import { type Fault, Faults, faultStatus, type Ordered } from "./kubernetes/faults.ts";
import { type Answer, answer, type Cluster, type Version } from "./kubernetes/http.ts";
import { ObjectStore, type StoredObject } from "./kubernetes/objects.ts";
import { Paging } from "./kubernetes/paging.ts";
import { parseStoredPod, type StoredPod } from "./kubernetes/pod.ts";
import { type Creation, createPod, type Webhook } from "./kubernetes/pod-creation.ts";
import { type Grant, Rbac } from "./kubernetes/rbac.ts";
import { createTokenAuthority, type TokenRequest } from "./kubernetes/tokens.ts";

export type { Creation, Fault, Grant, Ordered, StoredEvent, StoredObject, StoredPod, TokenRequest, Webhook };

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  /** Absent where no token was accepted. */
  readonly user?: string;
}

export interface KubernetesFake {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** Of service-account tokens; also the API server's own audience. */
  readonly issuer: string;
  jwks(): object;
  readonly requests: readonly RecordedRequest[];
  /** Those for the version and the nodes: a server asks for them when it likes, not because somebody asked it. */
  readonly looks: readonly RecordedRequest[];
  /** Those for Events, which nobody waits for. */
  readonly tellings: readonly RecordedRequest[];
  /** The Events about a Pod, in the order in which they were stored. */
  eventsOf(podUid: string): readonly StoredEvent[];
  /** Sets its clock ahead of this machine's, or with a negative number behind it: what its answers say, and by what it judges tokens. */
  setClockAhead(milliseconds: number): void;
  /** 1.34 by default, which has no image volumes. */
  version: Version;
  /** Lists that were begun before can go on no more. */
  compact(): void;
  /** How many of the `requests` were under way at the same time, at most. */
  mostUnderWay(): number;
  /** One that is there already is replaced by a new one, of another uid. A namespace that is named for the first time gets its `default` service account. */
  add(object: object): void;
  remove(kind: string, namespace: string | undefined, name: string): void;
  object(kind: string, namespace: string | undefined, name: string): StoredObject | undefined;
  pod(namespace: string, name: string): StoredPod | undefined;
  /** From now on `resourceVersion=0` gets what is there now, until it is disposed of. A real server's cache is behind. */
  holdCache(): Disposable;
  /** What anybody with `patch pods` can do after admission. */
  patchPodAnnotations(namespace: string, name: string, annotations: Readonly<Record<string, string>>): void;
  token(request: TokenRequest): Promise<string>;
  grant(serviceAccount: string, ...grants: readonly Grant[]): void;
  webhook: Webhook | undefined;
  createPod(manifest: object): Promise<Creation>;
  failNext(fault: Fault): Ordered;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const ISSUER = "https://kubernetes.default.svc.cluster.local";

export async function startKubernetes(): Promise<KubernetesFake> {
  const authority = await createCertificateAuthority();
  const certificate = await authority.issue({ names: [HOST, "localhost", "kubernetes.default.svc"] });
  const objects = new ObjectStore(authority.pem);
  const tokens = await createTokenAuthority(ISSUER, objects);
  const cluster: Cluster = {
    objects,
    tokens,
    rbac: new Rbac(),
    paging: new Paging(),
    version: { major: "1", minor: "34" },
    webhook: undefined,
  };
  const faults = new Faults();
  const requests: RecordedRequest[] = [];
  const looks: RecordedRequest[] = [];
  const tellings: RecordedRequest[] = [];
  const isTelling = (path: string) => path.startsWith("/apis/events.k8s.io/");
  const isLook = (path: string) => /^\/(version|api\/v1\/nodes)(\?|$)/.test(path);
  const record = (request: RecordedRequest) => {
    if (isTelling(request.path)) tellings.push(request);
    else (isLook(request.path) ? looks : requests).push(request);
  };
  let [underWay, mostUnderWay] = [0, 0];
  const server = Bun.serve({
    hostname: HOST,
    port: 0,
    tls: certificate,
    // A test may order an answer that is later than this.
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (isLook(pathname) || isTelling(pathname))
        return dated(await serve(request, cluster, faults, record));
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      try {
        return dated(await serve(request, cluster, faults, record));
      } finally {
        underWay -= 1;
      }
    },
  });
  const dated = (response: Response) => {
    response.headers.set("date", new Date(tokens.now()).toUTCString());
    return response;
  };
  const pod = (namespace: string, name: string) => {
    const stored = objects.get("Pod", namespace, name);
    return stored && parseStoredPod(stored, "Pod");
  };
  const fake: KubernetesFake = {
    host: HOST,
    port: requirePort(server.port),
    caPem: authority.pem,
    issuer: ISSUER,
    jwks: () => tokens.jwks(),
    requests,
    looks,
    tellings,
    eventsOf: (podUid) => storedEvents(objects).filter(({ regarding }) => regarding?.uid === podUid),
    setClockAhead(milliseconds) {
      tokens.clockAheadMs = milliseconds;
    },
    get version() {
      return cluster.version;
    },
    set version(version) {
      cluster.version = version;
    },
    compact: () => cluster.paging.compact(),
    mostUnderWay: () => mostUnderWay,
    get webhook() {
      return cluster.webhook;
    },
    set webhook(webhook) {
      cluster.webhook = webhook;
    },
    add: (object) => void objects.put(object),
    remove: (kind, namespace, name) => void objects.remove(kind, namespace, name),
    object: (kind, namespace, name) => objects.get(kind, namespace, name),
    pod,
    holdCache: () => objects.holdCache(),
    patchPodAnnotations(namespace, name, annotations) {
      const stored = pod(namespace, name);
      if (stored === undefined) throw new Error(`pods "${name}" not found`);
      const merged = { ...stored.metadata.annotations, ...annotations };
      objects.put({ ...stored, metadata: { ...stored.metadata, annotations: merged } });
    },
    token: (request) => tokens.mint(request),
    grant: (serviceAccount, ...grants) => cluster.rbac.grant(serviceAccount, grants),
    createPod: (manifest) => createPod(manifest, objects, cluster.webhook),
    failNext: (fault) => faults.add(fault),
    stop: () => server.stop(true),
  };
  return fake;
}

async function serve(
  request: Request,
  cluster: Cluster,
  faults: Faults,
  record: (request: RecordedRequest) => void,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const path = pathname + search;
  const fault = faults.take(request.method, path);
  if (fault?.delayMs !== undefined) await Bun.sleep(fault.delayMs);
  await fault?.until;
  const { status, body, user }: Answer = fault
    ? { status: fault.status, body: faultStatus(fault.status) }
    : await answer(request, cluster);
  record({ method: request.method, path, status, ...(user !== undefined && { user }) });
  if (typeof body === "string") return new Response(body, { status });
  return Response.json(body, { status, ...(status === 429 && { headers: { "retry-after": "1" } }) });
}

function requirePort(port: number | undefined): number {
  if (port === undefined) throw new Error("the server has no port");
  return port;
}
