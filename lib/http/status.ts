import type { ErrorCode } from "../error.ts";

/**
 * The HTTP status of a refused request. What may heal by itself is 503, or 429 where it is we who have too much to do, so that
 * injectors and load balancers know; everything else that is not named is 400, as existing injectors expect.
 *
 * | code | status |
 * |---|---|
 * | token_missing | 401 |
 * | not_allowed | 403 |
 * | overloaded | 429 |
 * | kubernetes_unavailable, aws_throttled, aws_unavailable | 503 |
 * | any other | 400 |
 */
export function statusOf(code: ErrorCode): number {
  switch (code) {
    case "token_missing":
      return 401;
    case "not_allowed":
      return 403;
    case "overloaded":
      return 429;
    case "kubernetes_unavailable":
    case "aws_throttled":
    case "aws_unavailable":
      return 503;
    default:
      return 400;
  }
}
