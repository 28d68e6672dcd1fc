/** piggy-env's own arguments. */
import { version } from "../../package.json" with { type: "json" };
import { PiggyError } from "../error.ts";

export type CommandLine = Run | { readonly kind: "print"; readonly text: string };

export interface Run {
  readonly kind: "run";
  readonly argv: readonly string[];
  readonly standalone: boolean;
  /** As given; the container's own variables win over both. */
  readonly retry: string | undefined;
  readonly initialDelay: string | undefined;
  /** Piggy's own variables as options, for a laptop; a container's variables win. */
  readonly own: ReadonlyMap<string, string>;
}

const OPTIONS: ReadonlyMap<string, string> = new Map([
  ["--secret", "PIGGY_AWS_SECRET_NAME"],
  ["--path", "PIGGY_AWS_SSM_PARAMETER_PATH"],
  ["--secret-version", "PIGGY_AWS_SECRET_VERSION"],
  ["--region", "PIGGY_AWS_REGION"],
]);

const HELP = `piggy-env: AWS secrets in a program's environment

piggy-env [OPTION…] -- COMMAND [ARGUMENT…]
  replaces every piggy:KEY, \${piggy:KEY} and piggy://STORE/NAME in variables by its value, and
  becomes the command

  --standalone              ask AWS, with the credentials that are here, and not piggy-webhooks
  --secret NAME             the Secrets Manager secret that keys are looked up in
  --secret-version VERSION  its staging label or version id, AWSCURRENT
  --path PATH               the Parameter Store path that keys are looked up in, in place of a secret
  --region REGION           the AWS region
  --retry N                 ask again as often after a failure, 500 ms apart
  --initial-delay DURATION  wait before asking, such as 500ms

piggy-env install DIRECTORY
  copies piggy-env there

The variables PIGGY_STANDALONE, PIGGY_AWS_SECRET_NAME, … win over the options.
`;

/**
 * Reads the arguments that follow the program's name.
 * @throws PiggyError `usage`
 */
export function parseCommandLine(parameters: readonly string[]): CommandLine {
  const separator = parameters.indexOf("--");
  const own = separator < 0 ? parameters : parameters.slice(0, separator);
  if (own.includes("--help")) return { kind: "print", text: HELP };
  if (own.includes("--version")) return { kind: "print", text: `piggy-env ${version}\n` };
  // The launcher installs, so what comes here is install without a directory of its own.
  if (own[0] === "install") throw usage("install takes one directory");
  if (separator < 0) throw usage("there is no --, so no command to run");
  const argv = parameters.slice(separator + 1);
  if (argv.length === 0) throw usage("no command follows --");
  return { kind: "run", argv, ...parseOptions(own) };
}

function parseOptions(words: readonly string[]) {
  let standalone = false;
  let retry: string | undefined;
  let initialDelay: string | undefined;
  const own = new Map<string, string>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = "", attached] = word.split(/=(.*)/s);
    const value = () => {
      const given = attached ?? rest.shift();
      if (given === undefined) throw usage(`${name} takes a value`);
      return given;
    };
    if (name === "--standalone" && attached === undefined) standalone = true;
    else if (name === "--retry") retry = value();
    else if (name === "--initial-delay") initialDelay = value();
    else if (OPTIONS.has(name)) own.set(OPTIONS.get(name) ?? "", value());
    else throw usage(`${JSON.stringify(word)} is not known`);
  }
  return { standalone, retry, initialDelay, own };
}

function usage(what: string): PiggyError {
  return new PiggyError("usage", `${what}; piggy-env --help says more`);
}
