const LOOK_AGAIN_MS = 5;

/** Resolves when it holds. What never comes to hold is ended by the test's own limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(LOOK_AGAIN_MS);
}
