import { type JsonObject, object, type Parsed, record, string } from "./schema.ts";

const parseObject = object(
  { kind: string, metadata: object({ name: string }, { namespace: string, uid: string }) },
  { data: record(string), stringData: record(string) },
);

const parseStored = object(
  {
    kind: string,
    metadata: object(
      { name: string, uid: string },
      { namespace: string, annotations: record(string), labels: record(string), deletionTimestamp: string },
    ),
  },
  { data: record(string) },
);

export type StoredObject = Parsed<typeof parseStored>;

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(["Namespace", "Node", "MutatingWebhookConfiguration"]);

/** The server's memory. What goes in and comes out is copied: an object changes by a write only. */
export class ObjectStore {
  readonly #objects = new Map<string, StoredObject>();
  #cache: ReadonlyMap<string, StoredObject> = this.#objects;
  readonly #namespaces = new Set<string>();
  readonly #caPem: string;
  #revision = 0;

  constructor(caPem: string) {
    this.#caPem = caPem;
  }

  put(manifest: unknown): StoredObject {
    const { stringData, ...given } = parseObject(structuredClone(manifest), "object");
    const namespace = CLUSTER_SCOPED.has(given.kind) ? undefined : (given.metadata.namespace ?? "default");
    if (namespace !== undefined) this.#ensureNamespace(namespace);
    const stored = parseStored(
      {
        apiVersion: "v1",
        ...given,
        ...(stringData && { data: { ...given.data, ...encoded(stringData) } }),
        metadata: {
          ...this.#systemFields(),
          ...given.metadata,
          ...(namespace !== undefined && { namespace }),
        },
      },
      "object",
    );
    this.#objects.set(keyOf(given.kind, namespace, given.metadata.name), stored);
    return structuredClone(stored);
  }

  get(kind: string, namespace: string | undefined, name: string): StoredObject | undefined {
    if (namespace !== undefined) this.#ensureNamespace(namespace);
    return structuredClone(this.#objects.get(keyOf(kind, namespace, name)));
  }

  getCached(kind: string, namespace: string | undefined, name: string): StoredObject | undefined {
    return structuredClone(this.#cache.get(keyOf(kind, namespace, name)));
  }

  /** What the cache has from now on, whatever is written, until it is disposed of. */
  holdCache(): Disposable {
    this.#cache = new Map(this.#objects);
    return {
      [Symbol.dispose]: () => {
        this.#cache = this.#objects;
      },
    };
  }

  list(kind: string): StoredObject[] {
    return structuredClone([...this.#objects.values()].filter((stored) => stored.kind === kind));
  }

  remove(kind: string, namespace: string | undefined, name: string): boolean {
    return this.#objects.delete(keyOf(kind, namespace, name));
  }

  #systemFields(): JsonObject {
    this.#revision += 1;
    const creationTimestamp = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    return { uid: crypto.randomUUID(), creationTimestamp, resourceVersion: String(this.#revision) };
  }

  /** Controllers give each namespace its default ServiceAccount and the cluster's CA. */
  #ensureNamespace(namespace: string): void {
    if (this.#namespaces.has(namespace)) return;
    this.#namespaces.add(namespace);
    this.put({ kind: "ServiceAccount", metadata: { name: "default", namespace } });
    this.put({
      kind: "ConfigMap",
      metadata: { name: "kube-root-ca.crt", namespace },
      data: { "ca.crt": this.#caPem },
    });
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return [kind, namespace ?? "", name].join("/");
}

function encoded(stringData: { readonly [key: string]: string }): { [key: string]: string } {
  return Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
}
