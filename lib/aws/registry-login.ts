/** A login at the private registries of Amazon ECR, as the webhook's own AWS identity. */
import { PiggyError } from "../error.ts";
import { sdkError } from "./sdk-error.ts";
import { sdkRequestHandler } from "./sdk-requests.ts";

export interface RegistryRegion {
  readonly region: string;
  /** Whether the endpoint is asked that is validated by FIPS 140. */
  readonly fips: boolean;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Good for every registry of the region whose policy lets the identity in, whichever account it is of.
 * Source: Amazon ECR API Reference, GetAuthorizationToken; User Guide, "Private registry authentication".
 * @throws PiggyError `credentials_missing`, `aws_*`
 */
export async function registryLogin(
  { region, fips }: RegistryRegion,
  signal: AbortSignal,
): Promise<RegistryLogin> {
  const what = `login at ECR in ${region}`;
  try {
    // Most clusters never come here.
    const { ECRClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
    const client = new ECRClient({
      region,
      // Where the image's name does not ask for it, the SDK's own settings may.
      ...(fips ? { useFipsEndpoint: true } : {}),
      requestHandler: sdkRequestHandler(),
    });
    const output = await client.send(new GetAuthorizationTokenCommand({}), { abortSignal: signal });
    const [data] = output.authorizationData ?? [];
    const text = Buffer.from(data?.authorizationToken ?? "", "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon <= 0) throw new PiggyError("aws_error", `${what}: the answer holds no authorizationToken`);
    return {
      username: text.slice(0, colon),
      password: text.slice(colon + 1),
      expiresAt: data?.expiresAt?.getTime() ?? 0,
    };
  } catch (error) {
    throw sdkError(error, what, signal);
  }
}
