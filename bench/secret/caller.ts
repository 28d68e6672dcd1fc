/** Who asks: each caller is another Pod with a token of its own, as the kubelet projects it. */
import { argvDigest } from "../../lib/signature.ts";
import { NAMESPACE, SERIAL } from "../admission/review.ts";
import { type AdmittedPod, SECRET, SECRET_NUMBER } from "./pod.ts";

export interface Caller {
  readonly podName: string;
  readonly token: string;
  /** What its answer holds if it is the right one. */
  readonly password: string;
}

/** The keys that the container's environment refers to. */
export const KEYS = ["DB_PASSWORD", "STRIPE_API_KEY", "SESSION_SECRET"] as const;

const LIFETIME_SECONDS = 3600;
const RSA_2048_BYTES = 256;

/** The callers of that many Pods, who share that many secrets. */
export function createCallers(pods: number, secrets: number): readonly Caller[] {
  return Array.from({ length: pods }, (_, index) => {
    const serial = String(index + 1).padStart(SERIAL.length, "0");
    const number = String(((index + 1) % secrets) + 1).padStart(SECRET_NUMBER.length, "0");
    const secret = SECRET.replace(SECRET_NUMBER, number);
    return { podName: `checkout-${serial}`, token: tokenOf(serial), password: `database-${secret}` };
  });
}

/**
 * Of the form and length of a real one; its signature is of chance, for the backend believes it.
 * Source: Kubernetes documentation, "Managing Service Accounts", "Schema for service account private claims".
 */
function tokenOf(serial: string): string {
  const now = Math.floor(Date.now() / 1000);
  const head = { alg: "RS256", kid: "5f0c2b7a9e4d41c8b6a3d2e1f0c9b8a75f0c2b7a" };
  const claims = {
    aud: ["piggysec.com"],
    exp: now + LIFETIME_SECONDS,
    iat: now,
    iss: "https://oidc.eks.eu-west-1.amazonaws.com/id/5A1B2C3D4E5F60718293A4B5C6D7E8F9",
    jti: crypto.randomUUID(),
    "kubernetes.io": {
      namespace: NAMESPACE,
      node: { name: "ip-10-0-12-34.eu-west-1.compute.internal", uid: "5b1f0f4e-7b0a-4a37-9c55-2f6f0a6c1a11" },
      pod: { name: `checkout-${serial}`, uid: `c0ffee00-7a43-4c8e-b1de-${serial}` },
      serviceaccount: { name: "checkout", uid: "1f0a6c1a-3b0e-4d67-a1c4-7f1c9a523b0e" },
    },
    nbf: now,
    sub: `system:serviceaccount:${NAMESPACE}:checkout`,
  };
  const encode = (part: string | Uint8Array) => Buffer.from(part).toString("base64url");
  const signature = crypto.getRandomValues(new Uint8Array(RSA_2048_BYTES));
  return [JSON.stringify(head), JSON.stringify(claims), signature].map(encode).join(".");
}

/** The requests as the load program reads them, one a line. */
export function formatRequests(callers: readonly Caller[], { uid, argv }: AdmittedPod): string {
  const signature = argvDigest(argv);
  return callers
    .map(({ podName, token, password }) => {
      const body = { resources: "pods", name: podName, uid, signature, references: KEYS };
      const line = { headers: { "X-Token": token }, body: JSON.stringify(body), expect: `"${password}"` };
      return `${JSON.stringify(line)}\n`;
    })
    .join("");
}
