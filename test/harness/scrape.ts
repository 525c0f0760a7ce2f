const TIMEOUT_MS = 5_000;

/** The values of a metric over its labels, read from a process's metrics port; empty when the process has no such metric. */
export async function metricValues(metricsPort: number, name: string): Promise<number[]> {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return valuesIn(await response.text(), name);
}

/** The same, of a text in Prometheus's format. */
export function valuesIn(text: string, name: string): number[] {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}
