/** How the AWS SDK sends its requests. */
import { FetchHttpHandler } from "@smithy/fetch-http-handler";

/** Longer than any answer of a service that is well. */
const TIMEOUT_MS = 10_000;

/** By fetch, which obeys HTTPS_PROXY and NO_PROXY: the SDK's own handler for Node does not. */
export function sdkRequestHandler(): FetchHttpHandler {
  return new FetchHttpHandler({ requestTimeout: TIMEOUT_MS });
}
