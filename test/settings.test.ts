import { describe, expect, test } from "bun:test";
import { defaultSecretName } from "../lib/default-secret-name.ts";
import { readSettings } from "../lib/read-settings.ts";
import {
  annotationName,
  environmentName,
  type Row,
  SETTINGS,
  type SettingName,
  settingNames,
} from "../lib/settings.ts";
import values from "./vectors/setting-values.json";
import contract from "./vectors/settings.json";
import unreadable from "./vectors/unreadable-settings.json";

function named(name: string): SettingName {
  const found = settingNames.find((candidate) => candidate === name);
  if (found === undefined) throw new Error(`there is no setting ${name}`);
  return found;
}

const read = (annotations: Record<string, string> = {}, environment: Record<string, string> = {}) =>
  readSettings({ annotations, environment });

describe("the table", () => {
  test.each(contract)("has $name with its default", (row) => {
    expect(read()).toMatchObject({ settings: { [named(row.name)]: row.default }, warnings: [] });
  });

  test("says of every row what it means and who reads it", () => {
    for (const name of settingNames) {
      expect(SETTINGS[name].meaning).toMatch(/\.$/);
      expect(SETTINGS[name].readBy).not.toBeEmpty();
    }
  });

  test.each(settingNames)("has an example of %s that is read, and is not its default", (name) => {
    const { example, from }: Row = SETTINGS[name];
    const { settings, warnings, environmentWarnings } = from.includes("annotation")
      ? read({ [annotationName(name)]: example })
      : read({}, { [environmentName(name)]: example });
    expect([...warnings, ...environmentWarnings]).toEqual([]);
    expect(settings[name]).not.toEqual(read().settings[name]);
  });

  test("spells annotations and variables by one rule", () => {
    expect(annotationName("aws-region")).toBe("piggysec.com/aws-region");
    expect(environmentName("aws-region")).toBe("AWS_REGION");
    expect(environmentName("standalone")).toBe("STANDALONE");
    expect(environmentName("piggy-env-resource-cpu-limit")).toBe("PIGGY_ENV_RESOURCE_CPU_LIMIT");
  });
});

describe("a setting that is given", () => {
  test.each(values)("$name: $text, as an annotation", ({ name, text, value }) => {
    expect(read({ [annotationName(named(name))]: text })).toMatchObject({
      settings: { [name]: value },
      warnings: [],
    });
  });

  test.each(values)("$name: $text, in the webhook's environment", ({ name, text, value }) => {
    const { settings, warnings } = read({}, { [environmentName(named(name))]: text });
    expect(settings).toHaveProperty([name], value);
    expect(warnings).toEqual([]);
  });
});

describe("precedence", () => {
  const REGION = "piggysec.com/aws-region";

  test("an annotation wins over the environment, the environment over the default", () => {
    const environment = { AWS_SECRET_VERSION: "AWSPREVIOUS" };
    expect(read({}, {}).settings["aws-secret-version"]).toBe("AWSCURRENT");
    expect(read({}, environment).settings["aws-secret-version"]).toBe("AWSPREVIOUS");
    expect(
      read({ "piggysec.com/aws-secret-version": "AWSPENDING" }, environment).settings["aws-secret-version"],
    ).toBe("AWSPENDING");
  });

  test("an empty variable is unset", () => {
    const { settings, warnings } = read({}, { AWS_REGION: "", DEBUG: "", PIGGY_NUMBER_OF_RETRY: "" });
    expect(settings).toMatchObject({ debug: false, "piggy-number-of-retry": 0 });
    expect(settings["aws-region"]).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test("an empty annotation is set", () => {
    expect(read({ [REGION]: "" }, { AWS_REGION: "us-east-1" }).settings["aws-region"]).toBe("");
  });

  test("an empty annotation of a boolean, number or address takes the webhook's default back", () => {
    const annotations = {
      "piggysec.com/standalone": "",
      "piggysec.com/piggy-number-of-retry": "",
      "piggysec.com/piggy-address": "",
    };
    const environment = { STANDALONE: "true", PIGGY_NUMBER_OF_RETRY: "3", PIGGY_ADDRESS: "https://piggy" };
    const { settings, warnings } = read(annotations, environment);
    expect(settings).toMatchObject({ standalone: false, "piggy-number-of-retry": 0 });
    expect(settings["piggy-address"]).toBeFalsy();
    expect(warnings).toEqual([]);
  });

  test("the operator's policy cannot be annotated away", () => {
    const { settings } = read(
      {
        "piggysec.com/piggy-enforce-service-account": "false",
        "piggysec.com/piggy-accept-default-tokens": "true",
        "piggysec.com/piggy-registry-origins": "http://10.0.0.1",
      },
      { PIGGY_ENFORCE_SERVICE_ACCOUNT: "true", PIGGY_ACCEPT_DEFAULT_TOKENS: "false" },
    );
    expect(settings).toMatchObject({
      "piggy-enforce-service-account": true,
      "piggy-accept-default-tokens": "false",
      "piggy-registry-origins": "",
    });
  });

  test("piggy-uid is the Pod's alone", () => {
    expect(read({}, { PIGGY_UID: "{}" }).settings["piggy-uid"]).toBeUndefined();
  });
});

describe("a value that cannot be read", () => {
  test.each(unreadable)("$name: $text counts as $countsAs", ({ name, text, countsAs }) => {
    const annotation = annotationName(named(name));
    const { settings, warnings } = read({ [annotation]: text }, { [environmentName(named(name))]: "" });
    expect(settings[named(name)]).toBe(countsAs);
    expect(warnings).toEqual([expect.stringContaining(`annotation ${annotation}: ${JSON.stringify(text)}`)]);
  });

  test("in the environment the warning names the variable", () => {
    const { warnings, environmentWarnings } = read({}, { PIGGY_INITIAL_DELAY: "soon" });
    expect(environmentWarnings).toEqual([expect.stringContaining("PIGGY_INITIAL_DELAY")]);
    expect(warnings).toEqual([]);
  });

  test("of piggy-enforce-service-account counts as true", () => {
    expect(read({}, { PIGGY_ENFORCE_SERVICE_ACCOUNT: "yes please" }).settings).toMatchObject({
      "piggy-enforce-service-account": true,
    });
  });
});

describe("names of the object prototype", () => {
  test("are no settings", () => {
    const annotations: Record<string, string> = JSON.parse(
      '{"piggysec.com/constructor":"x","piggysec.com/__proto__":"x","__proto__":"x","toString":"x"}',
    );
    const environment: Record<string, string> = JSON.parse('{"__proto__":"x","CONSTRUCTOR":"x"}');
    expect(read(annotations, environment)).toEqual(read());
  });

  test("are not looked up on the prototype either", () => {
    const inherited: Record<string, string> = Object.create({ "piggysec.com/debug": "true" });
    expect(read(inherited).settings.debug).toBe(false);
  });
});

test("the default secret is named by namespace and service account, between prefix and suffix", () => {
  expect(defaultSecretName(read().settings, "shop", "api")).toBe("shop/api");
  const { settings } = read(
    { "piggysec.com/piggy-default-secret-name-suffix": "-v2" },
    { PIGGY_DEFAULT_SECRET_NAME_PREFIX: "prod/" },
  );
  expect(defaultSecretName(settings, "shop", "api")).toBe("prod/shop/api-v2");
});
