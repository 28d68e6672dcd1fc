/** Lines for whoever runs the program. */

export type Level = "debug" | "info" | "warn" | "error" | "fatal";

/** Writes one event. Fields are names, codes, counts and times: never a secret value, a token or a body. */
export type Log = (level: Level, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/**
 * A log of JSON lines with the keys `level`, `time` (RFC 3339) and `message`, as existing Piggy writes them.
 * Debug events are dropped unless asked for.
 */
export function jsonLog(write: (line: string) => void, debug: boolean): Log {
  return (level, message, fields) => {
    if (level === "debug" && !debug) return;
    const head = `{"level":"${level}","time":"${new Date().toISOString()}"`;
    const middle = fields === undefined ? "" : JSON.stringify(fields).slice(1, -1);
    write(`${head}${middle && ","}${middle},"message":${JSON.stringify(message)}}\n`);
  };
}
