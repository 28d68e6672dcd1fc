/** The demos: what each shows, and what AWS holds for it. The manifests are in the folder of the same name. */
import { randomBytes } from "node:crypto";
import type { AwsFake, Role } from "../test/fakes/aws.ts";

const REGION = "ap-southeast-1";

/** Whose service-account tokens AWS takes. */
export type TokenIssuer = Pick<Role, "issuer" | "jwks">;

export interface Demo {
  readonly name: string;
  readonly title: string;
  /** Puts the demo's secrets into AWS; returns what the application must find in its environment. */
  readonly fill: (aws: AwsFake, kubernetes: TokenIssuer) => Readonly<Record<string, string>>;
}

/** Fresh at every run, so that it cannot have come from anywhere but AWS. */
function freshValue(greeting: string): string {
  return `${greeting}-${randomBytes(4).toString("hex")}`;
}

function secret(name: string, greeting: string): Demo["fill"] {
  return (aws) => {
    const TEST_ENV = freshValue(greeting);
    aws.putSecret({ region: REGION, name, value: JSON.stringify({ TEST_ENV, OTHER_KEY: "not asked for" }) });
    return { TEST_ENV };
  };
}

export const demos: readonly Demo[] = [
  {
    name: "proxy",
    title: "the webhook holds the AWS identity, the container asks the webhook",
    fill: secret("demo/sample/test", "hello"),
  },
  {
    name: "standalone",
    title: "the container holds an AWS identity and asks AWS",
    fill(aws, kubernetes) {
      aws.addRole("arn:aws:iam::111122223333:role/piggy-demo", {
        issuer: kubernetes.issuer,
        jwks: () => kubernetes.jwks(),
        audience: "sts.amazonaws.com",
        subject: "system:serviceaccount:demo:demo",
        allow: [{ action: "secretsmanager:GetSecretValue", resource: "demo/sample/test" }],
      });
      return secret("demo/sample/test", "standalone")(aws, kubernetes);
    },
  },
  {
    name: "ssm",
    title: "the values are in Parameter Store",
    fill(aws) {
      const path = "/demo/sample/test";
      const TEST_ENV = freshValue("secure");
      const TEST_LIST = [freshValue("one"), freshValue("two")].join(",");
      const TEST_PLAIN = freshValue("plain");
      aws.putParameter({ region: REGION, name: `${path}/TEST_ENV`, value: TEST_ENV, type: "SecureString" });
      aws.putParameter({ region: REGION, name: `${path}/TEST_LIST`, value: TEST_LIST, type: "StringList" });
      aws.putParameter({ region: REGION, name: `${path}/nested/TEST_PLAIN`, value: TEST_PLAIN });
      return { TEST_ENV, TEST_LIST, TEST_PLAIN };
    },
  },
  {
    name: "default-value",
    title: "neither secret nor region is named: the webhook's defaults say both",
    fill: secret("demo/sample/production", "default"),
  },
  {
    name: "secret",
    title: "the reference stands in a Kubernetes Secret",
    fill: secret("demo/sample/test", "indirect"),
  },
];
