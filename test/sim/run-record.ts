import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { must } from '../../services/shared/base/assert.ts';
import { SECOND_MS } from '../../services/shared/base/units.ts';
import type { Strike } from './faults/nemesis.ts';
import type { RunChoices } from './run.ts';
import type { Spec } from './specs/spec.ts';
import { specNamed } from './specs/specs.ts';

/** Everything that one run is made of: what a file in `regressions/` holds. */
export interface RunRecord {
  readonly spec: string;
  readonly seed: number;
  /** Simulated time under faults. */
  readonly seconds: number;
  /** Only these workloads; undefined: the spec's. */
  readonly workloads?: readonly string[];
  /** Only these faults; undefined: what the seed draws. */
  readonly faults?: readonly Strike[];
  /** What was violated when the file was written, for people. */
  readonly violated: string;
}

const FOLDER = fileURLToPath(new URL('../../../test/sim/regressions/', import.meta.url));

/** Runs that failed once, by the names of their files. */
export function readRegressions(): ReadonlyMap<string, RunRecord> {
  if (!existsSync(FOLDER)) return new Map();
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(files.sort().map((file) => [file, JSON.parse(readFileSync(FOLDER + file, 'utf8')) as RunRecord]));
}

/** Returns the file's name. */
export function writeRegression(record: RunRecord): string {
  const file = `${record.spec}-${record.seed}.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FOLDER + file, `${JSON.stringify(record, undefined, 2)}\n`);
  return file;
}

/** The spec that a record names, as long as it says. */
export function specOfRecord({ spec, seconds }: RunRecord): Spec {
  const known = must(specNamed(spec), `there is no spec ${spec}`);
  return { ...known, durationMs: seconds * SECOND_MS };
}

/** What of it takes place. */
export function choicesOf({ faults, workloads }: RunRecord): RunChoices {
  return { ...(faults !== undefined && { faults }), ...(workloads !== undefined && { workloads }) };
}
