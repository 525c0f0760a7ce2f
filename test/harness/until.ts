const POLL_MS = 25;
/** Ends a wait for what never comes. No test asserts how long anything takes: this only has to be much longer than that. */
const PATIENCE_MS = 60_000;

/** Asks again and again until the answer is neither undefined nor false, and gives it. Rejects, naming what was waited for, when it never is. */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false>, patienceMs = PATIENCE_MS): Promise<T> {
  const giveUpAtMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
