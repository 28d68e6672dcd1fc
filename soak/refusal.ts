/** Why a Pod was not created, by what the API server said. Pure. */

export type Refusal =
  | "API server away"
  | "webhook away"
  | "the webhook's certificate"
  | "refused by the webhook"
  | "another reason";

export const refusalOf = (status: number, message: string): Refusal => {
  if (/x509|certificate|tls:/i.test(message)) return "the webhook's certificate";
  if (message.includes("failed calling webhook")) return "webhook away";
  if (message.includes("denied the request")) return "refused by the webhook";
  return status >= 500 || status === 429 ? "API server away" : "another reason";
};
