/** What reads Terraform's language as Terraform does: its own parser, by the program that formats it. */
import { join } from "node:path";
import { goPrograms } from "./go-programs.ts";

/** The program's path. @throws Error that says what is missing */
export async function hclProgram(): Promise<string> {
  const module = "github.com/hashicorp/hcl/v2";
  const packages = [`${module}/cmd/hclfmt`];
  const folder = await goPrograms({ name: "hcl", folder: "hcl", module, packages });
  return join(folder, "hclfmt");
}
