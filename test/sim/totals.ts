/** What many runs came to: the last line that `make sim` and `make sim-nightly` print. */
export interface Totals {
  seeds: number;
  simulatedSeconds: number;
  /** Kind of fault -> how often it struck. */
  faults: Record<string, number>;
  operations: number;
  violations: number;
}

export function noTotals(): Totals {
  return { seeds: 0, simulatedSeconds: 0, faults: {}, operations: 0, violations: 0 };
}

export function addTotals(all: Totals, { seeds, simulatedSeconds, faults, operations, violations }: Totals): void {
  all.seeds += seeds;
  all.simulatedSeconds += simulatedSeconds;
  all.operations += operations;
  all.violations += violations;
  for (const [kind, times] of Object.entries(faults)) all.faults[kind] = (all.faults[kind] ?? 0) + times;
}
