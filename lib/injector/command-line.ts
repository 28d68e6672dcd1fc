/** piggy-env's own arguments. */
import { PiggyError } from "../error.ts";

export interface CommandLine {
  readonly argv: readonly string[];
  readonly standalone: boolean;
  /** As given; the container's own variables win over both. */
  readonly retry: string | undefined;
  readonly initialDelay: string | undefined;
}

const USAGE =
  "usage: piggy-env [--standalone] [--retry N] [--initial-delay DURATION] -- COMMAND [ARGUMENT…], or piggy-env install DIRECTORY";

/**
 * Reads the arguments that follow the program's name.
 * @throws PiggyError `usage`
 */
export function parseCommandLine(parameters: readonly string[]): CommandLine {
  const separator = parameters.indexOf("--");
  const own = separator < 0 ? parameters : parameters.slice(0, separator);
  // The launcher installs, so what comes here is install without a directory of its own.
  if (own[0] === "install") throw usage("install takes one directory");
  if (separator < 0) throw usage("there is no --, so no command to run");
  const argv = parameters.slice(separator + 1);
  if (argv.length === 0) throw usage("no command follows --");
  return { argv, ...parseOptions(own) };
}

function parseOptions(own: readonly string[]) {
  let standalone = false;
  let retry: string | undefined;
  let initialDelay: string | undefined;
  const rest = [...own];
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
    else throw usage(`${JSON.stringify(word)} is not known`);
  }
  return { standalone, retry, initialDelay };
}

function usage(what: string): PiggyError {
  return new PiggyError("usage", `${what}; ${USAGE}`);
}
