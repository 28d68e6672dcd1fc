/** `npm run bench -- NAME`: measures one thing beside something else that runs in the same minutes. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  injector: async () => (await import("./injector.ts")).benchInjector(),
};

const [name = "", ...rest] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined || rest.length > 0) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
await bench();
