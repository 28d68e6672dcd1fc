/** Either transport, against our fake; `npm run test:moto` has the same against moto. */
import { afterAll, afterEach, beforeAll } from "bun:test";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type Backend, storeCases } from "./store-cases.ts";
import { machine, setEnvironment } from "./transports.ts";

const USER = { accessKeyId: "AKIASTORE", secretAccessKey: "secret+key/of=the/store" };

let aws: AwsFake;
beforeAll(async () => {
  aws = await startAws();
  aws.addUser(USER);
});
afterEach(() => setEnvironment(machine));
afterAll(() => aws.stop());

const backend = (): Backend => ({
  url: aws.url,
  putSecret: async (secret) => aws.putSecret(secret),
  deleteSecret: async (secret) => aws.deleteSecret(secret),
  putParameter: async (parameter) => aws.putParameter(parameter),
  labelParameter: async (label) => aws.labelParameter(label),
});

storeCases(backend, { AWS_ACCESS_KEY_ID: USER.accessKeyId, AWS_SECRET_ACCESS_KEY: USER.secretAccessKey });
