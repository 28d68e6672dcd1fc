/**
 * Every failure that a person is told of. `code` is stable and what tests, audit lines and the troubleshooting
 * page go by; the message says what was wrong, where, and what to do, and never holds a secret value.
 */
export class PiggyError extends Error {
  override readonly name = "PiggyError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ErrorCode =
  // settings and start
  | "setting_invalid"
  | "tls_files_unreadable"
  | "certificate_invalid"
  | "not_in_cluster"
  | "kubeconfig_invalid"
  // admission
  | "review_invalid"
  | "pod_invalid"
  | "injection_impossible"
  | "delivery_impossible"
  | "os_unsupported"
  | "name_taken"
  | "path_taken"
  | "reference_embedded"
  | "reference_invalid"
  | "argv_lost"
  | "argv_empty"
  // explain
  | "manifest_invalid"
  // image look-up
  | "image_name_invalid"
  | "image_host_refused"
  | "image_not_found"
  | "image_unauthorized"
  | "image_unsupported"
  | "registry_unavailable"
  // Kubernetes
  | "kubernetes_error"
  | "kubernetes_unavailable"
  // the secrets service
  | "request_invalid"
  | "token_missing"
  | "not_allowed"
  | "overloaded"
  // AWS
  | "region_invalid"
  | "credentials_missing"
  | "secret_not_found"
  | "secret_deleted"
  | "secret_not_keyed"
  | "key_ambiguous"
  | "secret_not_text"
  | "aws_access_denied"
  | "aws_kms_denied"
  | "aws_credentials_refused"
  | "aws_decryption_failed"
  | "aws_throttled"
  | "aws_unavailable"
  | "aws_untrusted"
  | "aws_error"
  // piggy-env
  | "usage"
  | "command_not_found"
  | "command_not_executable"
  | "reference_unresolved"
  | "answer_invalid"
  | "connection_failed"
  | "peer_untrusted"
  | "webhook_unreachable"
  | "webhook_untrusted"
  | "webhook_unavailable"
  | "webhook_refused"
  | "install_failed"
  | "exec_failed";

/** The failure as a PiggyError, so that its code can be told; one that is not ours keeps its cause. */
export function asPiggyError(error: unknown, code: ErrorCode): PiggyError {
  if (error instanceof PiggyError) return error;
  return new PiggyError(code, messageOf(error), { cause: error });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Whether it says that what is referred to is not there, and not that it could not be read. A secret that is marked for
 * deletion is there: whoever deletes one by mistake is not to find applications running with their defaults.
 */
export function isAbsence({ code }: PiggyError): boolean {
  return code === "reference_unresolved" || code === "secret_not_found";
}
