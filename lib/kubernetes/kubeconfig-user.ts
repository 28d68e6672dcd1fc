/** Who a kubeconfig's user is to the cluster. Source: client-go, tools/clientcmd/api/v1. */
import { isJsonObject, own } from "../json.ts";
import { type Credential, createExecCredential, type Surroundings } from "./exec-credential.ts";
import { type Entry, invalid, pathIn, pemOf, textAt } from "./kubeconfig-entry.ts";
import { type TokenSource, tokenFromFile } from "./token.ts";

/** What would be another identity than the one that was meant, were it passed over. */
const NOT_SUPPORTED = ["auth-provider", "username", "as", "as-uid", "as-groups", "as-user-extra"];

/** @throws PiggyError `kubeconfig_invalid` */
export async function credentialOf(user: Entry, surroundings: Surroundings): Promise<Credential> {
  const { fields, at, directory } = user;
  const unsupported = NOT_SUPPORTED.find((field) => Object.hasOwn(fields, field));
  if (unsupported !== undefined) {
    throw invalid(`${at}: ${unsupported} is not supported; a token, a client certificate or exec is`);
  }
  const clientCertificate = await certificateOf(user);
  const file = textAt(fields, "tokenFile", at);
  const text = textAt(fields, "token", at);
  if (file !== undefined) return { clientCertificate, token: tokenFromFile(pathIn(directory, file)) };
  if (text !== undefined) return { clientCertificate, token: constant(text) };
  const exec = own(fields, "exec");
  if (clientCertificate !== undefined || exec === undefined || exec === null) return { clientCertificate };
  if (!isJsonObject(exec)) throw invalid(`${at}: exec is not an object`);
  return createExecCredential({ ...user, fields: exec, at: `${at}: exec` }, surroundings);
}

async function certificateOf(user: Entry): Promise<Credential["clientCertificate"]> {
  const cert = await pemOf(user, "client-certificate");
  const key = await pemOf(user, "client-key");
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw invalid(`${user.at}: client-certificate and client-key are only together of use`);
}

function constant(token: string): TokenSource {
  return { current: () => Promise.resolve(token), forget() {} };
}
