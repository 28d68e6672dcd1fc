import { randomBytes } from "node:crypto";
import { ACCOUNT, type Resource } from "./identities.ts";

const TOKEN_SECONDS = 12 * 60 * 60;

/** What ECR's registries know logins by. Source: Amazon ECR API Reference, GetAuthorizationToken. */
export class ContainerRegistry {
  readonly #passwords = new Map<string, { readonly region: string; readonly expiresAt: number }>();
  /** For how long a login is good. */
  tokenSeconds = TOKEN_SECONDS;

  /** The action knows no resources: a policy can name `*` alone. */
  resource(): Resource {
    return { shown: "*", names: [] };
  }

  getAuthorizationToken(region: string): object {
    const password = randomBytes(64).toString("base64");
    const expiresAt = Date.now() / 1000 + this.tokenSeconds;
    this.#passwords.set(password, { region, expiresAt });
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"),
          expiresAt,
          proxyEndpoint: `https://${ACCOUNT}.dkr.ecr.${region}.amazonaws.com`,
        },
      ],
    };
  }

  /** Whether a registry of the region lets in who says this. */
  accepts(region: string, user: string, password: string): boolean {
    const login = this.#passwords.get(password);
    return user === "AWS" && login?.region === region && login.expiresAt > Date.now() / 1000;
  }
}
