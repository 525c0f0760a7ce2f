import { address } from './dev-topology.ts';

const PROBE_TIMEOUT_MS = 1000;

/** Undefined when a process says that it is ready; else why not, as /readyz tells it. */
export async function whyNotReady(metricsPort: number): Promise<string | undefined> {
  return probe(metricsPort, '/readyz');
}

/** Undefined when a process answers at all; else why not. */
export async function whyNotAlive(metricsPort: number): Promise<string | undefined> {
  return probe(metricsPort, '/healthz');
}

async function probe(metricsPort: number, path: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address(metricsPort)}${path}`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = (await response.text()).trim();
    return response.ok ? undefined : text || `answers ${response.status}`;
  } catch {
    return 'does not answer yet';
  }
}
