import { address } from './dev-topology.ts';

const PROBE_TIMEOUT_MS = 1000;
const NO_ANSWER = 'does not answer yet';
/** What /readyz says until the process has opened its stores and accepts connections of others. */
const STARTING = 'starting';

/** Undefined when a process says that it is ready; else why not, as /readyz tells it. */
export async function whyNotReady(metricsPort: number): Promise<string | undefined> {
  return probe(metricsPort, '/readyz');
}

/** Undefined when a process accepts connections of other processes, be it that it is not ready to serve; else why not. */
export async function whyNotStarted(metricsPort: number): Promise<string | undefined> {
  const reason = await whyNotReady(metricsPort);
  return reason === STARTING || reason === NO_ANSWER ? reason : undefined;
}

async function probe(metricsPort: number, path: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address(metricsPort)}${path}`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = (await response.text()).trim();
    return response.ok ? undefined : text || `answers ${response.status}`;
  } catch {
    return NO_ANSWER;
  }
}
