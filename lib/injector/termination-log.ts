/** The container's termination message, which `kubectl describe pod` shows. Source: Kubernetes API reference, Container v1 core. */
import { bytesOf } from "./bytes.ts";
import { overwrite } from "./files.ts";

const DEFAULT_PATH = "/dev/termination-log";

/** What the kubelet reads of it. */
const LONGEST = 4096;

/**
 * Writes the reason where the kubelet will look for it. The kubelet makes the file before the container starts:
 * where there is none, there is no kubelet, and nothing is made.
 */
export function writeTerminationMessage(message: string, path = DEFAULT_PATH): void {
  try {
    overwrite(bytesOf(path), Buffer.from(message).subarray(0, LONGEST).toString("utf8"));
  } catch {
    // The same line is on stderr.
  }
}
