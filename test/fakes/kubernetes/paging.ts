import type { StoredObject } from "./objects.ts";
import { number, object, string } from "./schema.ts";
import { badRequest, StatusError, status } from "./status.ts";

const VERSION = "meta.k8s.io/v1";
const parseToken = object({ v: string, rv: number, start: string }, {});

export interface Page {
  readonly items: readonly StoredObject[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

/** Lists in pages, each of the state in which the list was begun, until that is compacted away. */
export class Paging {
  readonly #snapshots = new Map<number, readonly StoredObject[]>();
  #revision = 0;

  /** What etcd does to old revisions: lists that were begun before can go on no more. */
  compact(): void {
    this.#snapshots.clear();
  }

  /** `all` is the state as it is now. A limit of 0 is none. Throws a StatusError for a token that is none or too old. */
  page(
    all: readonly StoredObject[],
    matches: (entry: StoredObject) => boolean,
    { limit, token }: { readonly limit: number; readonly token: string },
  ): Page {
    const { rv, start } = token === "" ? this.#begin(all) : decoded(token);
    const entries = this.#snapshots.get(rv);
    if (entries === undefined) throw new StatusError(expired());
    const left = entries.filter((entry) => entry.metadata.name >= start && matches(entry));
    const items = limit > 0 ? left.slice(0, limit) : left;
    const last = items.at(-1);
    const isMore = last !== undefined && items.length < left.length;
    const next = isMore ? encoded({ v: VERSION, rv, start: `${last.metadata.name}\0` }) : undefined;
    return { items, metadata: { resourceVersion: String(rv), ...(next && { continue: next }) } };
  }

  #begin(all: readonly StoredObject[]) {
    this.#revision += 1;
    const byName = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.#snapshots.set(this.#revision, byName);
    return { rv: this.#revision, start: "" };
  }
}

function encoded(token: object): string {
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function decoded(token: string): { readonly rv: number; readonly start: string } {
  try {
    return parseToken(JSON.parse(Buffer.from(token, "base64url").toString("utf8")), "continue");
  } catch (error) {
    throw new StatusError(badRequest(`invalid continue token: continue key is not valid: ${error}`));
  }
}

function expired() {
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
    "modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return status(410, "Expired", message);
}
