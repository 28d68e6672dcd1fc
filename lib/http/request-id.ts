/** What a request is called in every place that tells of it. */

/** Of the kinds that proxies and tracers give. It is logged and sent back, so it holds nothing that has to be escaped. */
const WELL_FORMED = /^[\w.:=-]{1,100}$/;

/** The caller's own where it has one that can be kept, else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("X-Request-Id");
  return given !== null && WELL_FORMED.test(given) ? given : crypto.randomUUID();
}
