// Just enough of a schema language to prove the shape of JSON. A parser answers with the value it was given: the
// fields that a schema does not name stay in it, as an API server keeps those that a webhook does not know.

export type Parser<T> = (value: unknown, path: string) => T;
export type Parsed<P> = P extends Parser<infer T> ? T : never;
export type JsonObject = { readonly [name: string]: unknown };

export class SchemaError extends Error {
  constructor(path: string, expected: string, value: unknown) {
    const found = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
    super(`${path}: expected ${expected}, found ${found}`);
  }
}

function primitive<T>(name: string, test: (value: unknown) => value is T): Parser<T> {
  return (value, path) => {
    if (test(value)) return value;
    throw new SchemaError(path, name, value);
  };
}

export const string = primitive("a string", (value) => typeof value === "string");
export const number = primitive("a number", (value) => typeof value === "number");
export const boolean = primitive("a boolean", (value) => typeof value === "boolean");
export const anyObject = primitive(
  "an object",
  (value): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value),
);

export function list<T>(item: Parser<T>): Parser<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new SchemaError(path, "an array", value);
    return value.map((entry, index) => item(entry, `${path}[${index}]`));
  };
}

export function record<T>(item: Parser<T>): Parser<{ readonly [name: string]: T }> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(anyObject(value, path)).map(([name, entry]) => [name, item(entry, `${path}.${name}`)]),
    );
}

type Fields = { readonly [name: string]: Parser<unknown> };
type Shape<Required extends Fields, Optional extends Fields> = {
  readonly [Name in keyof Required]: Parsed<Required[Name]>;
} & { readonly [Name in keyof Optional]?: Parsed<Optional[Name]> };

/** JSON null counts as absent for an optional field, as it does when Go decodes it. */
export function object<Required extends Fields, Optional extends Fields>(
  required: Required,
  optional: Optional,
): Parser<Shape<Required, Optional>> {
  return (value, path) => {
    const { ...fields }: { [name: string]: unknown } = anyObject(value, path);
    for (const [name, parse] of Object.entries(required))
      fields[name] = parse(fields[name], `${path}.${name}`);
    for (const [name, parse] of Object.entries(optional)) {
      if (fields[name] === undefined || fields[name] === null) delete fields[name];
      else fields[name] = parse(fields[name], `${path}.${name}`);
    }
    // The one place where the compiler cannot follow: each named field has just been through its parser.
    return fields as Shape<Required, Optional>;
  };
}
