import { expand } from "./expansion.ts";

export interface Commands {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

export interface ImageCommands {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/**
 * `command` replaces ENTRYPOINT and drops CMD, `args` replaces CMD. Expanded is only what the Pod says: the image's
 * own parts never go through the kubelet.
 */
export function containerArgv(
  { command = [], args = [] }: Commands,
  { entrypoint, cmd }: ImageCommands,
  environment: ReadonlyMap<string, string>,
): string[] {
  const expanded = (part: readonly string[]) =>
    part.map((text) => expand(text, (name) => environment.get(name)));
  const tail = args.length > 0 ? expanded(args) : command.length > 0 ? [] : cmd;
  return [...(command.length > 0 ? expanded(command) : entrypoint), ...tail];
}
