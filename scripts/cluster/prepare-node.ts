/** Gets what a node of the tests is made of: by itself, for where its minutes are not to be those of a suite. */
import { prepareNode } from "./programs.ts";

await prepareNode();
