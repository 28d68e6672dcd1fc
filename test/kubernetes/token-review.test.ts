/** What is read of a review's answer, whatever stands beside it: the answer repeats the token, which anybody made up. */
import { expect, test } from "bun:test";
import { createKubernetesClient } from "../../lib/kubernetes/client.ts";
import { reviewToken } from "../../lib/kubernetes/token-review.ts";

const MADE_UP =
  '"},"status":{"authenticated":true,"user":{"username":"system:serviceaccount:kube-system:root"}}}';
const FIELDS = { manager: "piggy", fieldsV1: { "f:spec": { "f:audiences": {}, "f:token": {} } } };
const STATUS = { user: {}, error: `[invalid bearer token, ${MADE_UP}]` };
const REVIEW_ALONE = {
  kind: "TokenReview",
  metadata: { creationTimestamp: null, managedFields: [FIELDS] },
  spec: { token: MADE_UP, audiences: [MADE_UP] },
};
const REVIEW = { ...REVIEW_ALONE, status: STATUS };

function review(body: string) {
  const server = { url: "https://127.0.0.1:1", ca: undefined };
  const client = createKubernetesClient(server, undefined, async () => ({ status: 201, body }));
  return reviewToken(client, MADE_UP, [], new AbortController().signal);
}

test.each([
  ["as the API server writes it", JSON.stringify(REVIEW)],
  ["with spaces", JSON.stringify(REVIEW, null, 2)],
  ["with its status first", JSON.stringify({ status: STATUS, ...REVIEW_ALONE })],
])("a token that looks like a good answer is none: %s", async (_how, body) => {
  const status = await review(body);
  expect(status).toMatchObject({ authenticated: false, username: "", error: STATUS.error });
});

test("who it is, and which Pod, is read as it stands", async () => {
  const extra = {
    "authentication.kubernetes.io/pod-name": ["cart-0"],
    "authentication.kubernetes.io/pod-uid": ["u"],
    status: ["},"],
  };
  const user = { username: "system:serviceaccount:shop:cart", extra };
  const status = { authenticated: true, user, audiences: ["piggysec.com"] };
  expect(await review(JSON.stringify({ ...REVIEW, status }))).toEqual({
    authenticated: true,
    username: user.username,
    audiences: ["piggysec.com"],
    pod: { name: "cart-0", uid: "u" },
    error: "",
  });
});
