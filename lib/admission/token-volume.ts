/** The projected service-account token that a changed container asks with. */
import type { JsonObject } from "../json.ts";
import { TOKEN_AUDIENCE } from "../own-token.ts";

export const TOKEN_VOLUME = "piggy-token";

export const TOKEN_MOUNT_PATH = "/var/run/secrets/piggysec.com/serviceaccount";
export const TOKEN_FILE = `${TOKEN_MOUNT_PATH}/token`;

/** The shortest life that the API server grants. */
const EXPIRATION_SECONDS = 600;

export const tokenVolume: JsonObject = {
  name: TOKEN_VOLUME,
  projected: {
    // The API server's default, said so that a Pod that went through it looks the same.
    defaultMode: 0o644,
    sources: [
      {
        serviceAccountToken: {
          audience: TOKEN_AUDIENCE,
          expirationSeconds: EXPIRATION_SECONDS,
          path: "token",
        },
      },
    ],
  },
};

export const tokenMount: JsonObject = { name: TOKEN_VOLUME, mountPath: TOKEN_MOUNT_PATH, readOnly: true };
