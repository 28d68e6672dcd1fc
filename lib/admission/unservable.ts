/** References that nobody would give a value: the Pod is denied before it starts with them as text. */
import { PiggyError } from "../error.ts";
import type { Decision } from "./decide.ts";
import type { Plan } from "./plan.ts";

/** @throws PiggyError `injection_impossible`, `reference_invalid` */
export function refuseUnservable(decision: Decision, plan: Plan): void {
  if (decision.action !== "wrap") return;
  if (!plan.injector.isOurs) refuseUnknownGrammar(decision, plan.injector.image);
  if (plan.mode === "proxy") refuseOpenEntries(decision);
}

/** An injector of another project, or an older one, would start the application with the reference as text. */
function refuseUnknownGrammar({ container, environment }: Decision, injector: string): void {
  const name = environment.embeddedIn ?? environment.entries.firstIn;
  if (name === undefined) return;
  const [what, remedy] =
    environment.embeddedIn === undefined
      ? ["names a secret or parameter of its own", "name a key of the Pod's secret"]
      : ["has a reference within it", "make the whole value a reference"];
  throw new PiggyError(
    "injection_impossible",
    `container ${JSON.stringify(container.name)}: the value of ${name} ${what}, and the injector ${injector} may ` +
      `not know it: remove the annotation piggysec.com/piggy-env-image, or ${remedy}`,
  );
}

/** The secrets service gives what stands in the stored Pod alone. */
function refuseOpenEntries({ container, environment }: Decision): void {
  const { openIn, hiddenIn } = environment.entries;
  const name = hiddenIn ?? openIn;
  if (name === undefined) return;
  const why =
    hiddenIn === undefined
      ? "that only the kubelet will know"
      : "with text of a Kubernetes Secret, which is not to stand in a Pod";
  throw new PiggyError(
    "reference_invalid",
    `container ${JSON.stringify(container.name)}: the value of ${name} names a secret or parameter by a $(VARIABLE) ` +
      `${why}, and piggy-webhooks gives only what the Pod names: write the name in full`,
  );
}
