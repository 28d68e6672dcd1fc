/**
 * The two files that hold profiles, as one.
 * Source: AWS SDKs and Tools Reference Guide, "Location of the shared config and credentials files".
 */

import { readText } from "../read-text.ts";
import { parseIni, type Section } from "./ini.ts";

export interface ProfileFiles {
  /** By name. A property of the credentials file wins over the same one of the config file. */
  readonly profiles: ReadonlyMap<string, Section>;
  readonly ssoSessions: ReadonlyMap<string, Section>;
  /** Where they were looked for, whether or not a file is there. */
  readonly paths: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export function profileNameOf(environment: Environment): string {
  return environment["AWS_PROFILE"] || "default";
}

/** A path in the developer's own `.aws` folder; undefined without HOME. */
export function ownAwsPath(environment: Environment, ...segments: readonly string[]): string | undefined {
  const home = environment["HOME"];
  return home ? [home, ".aws", ...segments].join("/") : undefined;
}

/** A file that is not there, or cannot be read, has no profiles, as for the SDKs. */
export async function readProfileFiles(environment: Environment): Promise<ProfileFiles> {
  const configPath = pathOf("AWS_CONFIG_FILE", "config", environment);
  const credentialsPath = pathOf("AWS_SHARED_CREDENTIALS_FILE", "credentials", environment);
  const [config, credentials] = await Promise.all([readSections(configPath), readSections(credentialsPath)]);
  // Where a config file has both `[default]` and `[profile default]`, only the second counts.
  const fallback = config.get("default");
  const profiles = new Map([
    ...(fallback === undefined ? [] : [["default", fallback] as const]),
    ...namedSections("profile", config),
  ]);
  for (const [name, section] of credentials) {
    profiles.set(name, new Map([...(profiles.get(name) ?? []), ...section]));
  }
  return {
    profiles,
    ssoSessions: new Map(namedSections("sso-session", config)),
    paths: [configPath, credentialsPath].filter((path) => path !== undefined),
  };
}

function pathOf(variable: string, name: string, environment: Environment): string | undefined {
  const given = environment[variable];
  if (!given) return ownAwsPath(environment, name);
  const home = environment["HOME"];
  return home && given.startsWith("~/") ? `${home}/${given.slice(2)}` : given;
}

async function readSections(path: string | undefined): Promise<ReadonlyMap<string, Section>> {
  if (path === undefined) return new Map();
  const text = await readText(path).catch(() => "");
  return parseIni(text);
}

function namedSections(type: string, sections: ReadonlyMap<string, Section>) {
  const prefix = `${type} `;
  return [...sections]
    .filter(([header]) => header.startsWith(prefix))
    .map(([header, section]) => [header.slice(prefix.length), section] as const);
}
