import type { AwsError } from "./error.ts";
import type { Received } from "./signature.ts";

export type Service = "ecr" | "secretsmanager" | "ssm" | "sts";

/** What a request says of itself, before anything is verified. */
export interface Call {
  readonly service: Service;
  readonly action: string;
  readonly region: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly input: unknown;
}

/** How requests are told apart and answered; `run` throws AwsError, `error` writes it down. */
export interface Protocol {
  readonly contentType: string;
  /** @returns undefined when the request is not of this protocol */
  describe(received: Received): Call | undefined;
  run(call: Call, received: Received, requestId: string): Promise<string>;
  error(
    error: AwsError,
    requestId: string,
  ): { readonly body: string; readonly headers: Record<string, string> };
}
