/** /etc/hosts. Source: hosts(5). */
import { familyOf } from "./address.ts";

/** The addresses of every line that has this name, in the file's order. */
export function addressesInHosts(text: string, name: string): readonly string[] {
  const sought = withoutRoot(name);
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return familyOf(address) && names.some((known) => withoutRoot(known) === sought) ? [address] : [];
  });
}

function withoutRoot(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
