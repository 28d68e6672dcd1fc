/** `explain`'s own command line. */
import { parseArgs } from "node:util";
import { messageOf, PiggyError } from "../error.ts";
import { type Environment, environmentName, settingNamesFrom } from "../settings.ts";

export interface ExplainOptions {
  /** Paths, or `-` for standard input. */
  readonly files: readonly string[];
  readonly json: boolean;
  readonly offline: boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string | undefined;
  readonly webhookNamespace: string | undefined;
  /** What piggy-webhooks is to have in its environment, over our own. */
  readonly set: Environment;
}

export const HELP = `usage: piggy-webhooks explain [OPTION…] FILE…

Says what piggy-webhooks would do to the Pods of manifests, and why. FILE is YAML, of one document or several, or
JSON; - is standard input. Nothing is changed.

  --kubeconfig FILE        the cluster whose ConfigMaps, Secrets, ServiceAccounts and nodes are looked up; else
                           KUBECONFIG, else the Pod that this runs in, else ~/.kube/config; none: no cluster
  --context NAME           a context of the kubeconfig, in place of the current one
  --namespace NAME         of objects that name none; else the context's, else default
  --offline                ask neither a cluster nor a registry
  --set NAME=VALUE         a variable in the environment of piggy-webhooks, such as PIGGY_ENV_IMAGE or AWS_REGION;
                           else it is taken from this environment; may be given several times
  --webhook-namespace NAME the namespace of piggy-webhooks; else piggy-webhooks
  --json                   a JSON array, one object a Pod
  --help                   this text

Exit code: 0 every Pod would be admitted, 1 one or more would be denied, 2 the command line, an input or the cluster
is at fault.
`;

/**
 * @param args what follows `explain`
 * @throws PiggyError `usage`
 */
export function parseCommandLine(args: readonly string[]): ExplainOptions | "help" {
  const { values, positionals } = parse(args);
  if (values.help === true) return "help";
  if (positionals.length === 0) throw usage("no FILE is named");
  if (positionals.filter((file) => file === "-").length > 1) throw usage("- is named twice");
  return {
    files: positionals,
    json: values.json === true,
    offline: values.offline === true,
    kubeconfig: values.kubeconfig,
    context: values.context,
    namespace: values.namespace,
    webhookNamespace: values["webhook-namespace"],
    set: Object.fromEntries((values.set ?? []).map(parseVariable)),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        kubeconfig: { type: "string" },
        context: { type: "string" },
        namespace: { type: "string", short: "n" },
        offline: { type: "boolean" },
        set: { type: "string", multiple: true },
        "webhook-namespace": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw usage(messageOf(cause), cause);
  }
}

const VARIABLES: ReadonlySet<string> = new Set(settingNamesFrom("environment").map(environmentName));

function parseVariable(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  if (equals < 0) throw usage(`--set ${name}: say NAME=VALUE`);
  if (!VARIABLES.has(name)) throw usage(`--set ${name}: piggy-webhooks has no setting of that name`);
  return [name, text.slice(equals + 1)];
}

function usage(what: string, cause?: unknown): PiggyError {
  return new PiggyError("usage", `${what}; --help says how`, { cause });
}
