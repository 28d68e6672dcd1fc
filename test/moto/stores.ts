/** Either transport, against moto. */
import { afterAll, afterEach, beforeAll } from "bun:test";
import { storeCases } from "../aws/store-cases.ts";
import { machine, setEnvironment } from "../aws/transports.ts";
import { type Moto, startMoto } from "./server.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
});
afterEach(() => setEnvironment(machine));
afterAll(() => moto.stop());

storeCases(() => moto, { AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secret" });
