/**
 * The environment variables that are Piggy's own, from the table of settings. The compiler calls this, and what is
 * compiled holds the names alone: the injector pays for every line of the table otherwise, at every start.
 */
import { environmentName, rowOf, type SettingName, settingNames } from "./settings.ts";

/** PIGGY_ stands before the names that do not begin with it. */
function spell(name: SettingName): string {
  const variable = environmentName(name);
  return variable.startsWith("PIGGY_") ? variable : `PIGGY_${variable}`;
}

const VARIABLES = new Map(settingNames.map((name) => [name, spell(name)]));

/** A setting's variable in a container. */
export function containerVariable(name: SettingName): string {
  return VARIABLES.get(name) ?? spell(name);
}

/** A setting of the server alone, such as LISTEN_ADDRESS, has no form that could be ours in a container. */
function mayStandInContainer(name: SettingName): boolean {
  return rowOf(name).from.includes("annotation") || name.startsWith("piggy-");
}

/** The variables that settings are written into. */
export function settingVariables(): string[] {
  return settingNames.filter(mayStandInContainer).map(containerVariable);
}
