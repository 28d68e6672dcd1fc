/** An error as AWS answers it: `code` is the `__type` of the JSON protocols and the `Code` of the query one. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const badRequest = (code: string, message: string) => new AwsError(400, code, message);

export const unknownOperation = () => badRequest("UnknownOperationException", "");

/** What is not an AwsError is a fault of the fake itself; it is shown, so that a test does not guess. */
export function toAwsError(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return new AwsError(500, "InternalFailure", `The fake failed: ${String(error)}`);
}
