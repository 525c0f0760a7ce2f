import { countSetting } from '../harness/settings.ts';
import { readSpec } from './choice.ts';
import { LONG_SPECS } from './specs/specs.ts';

/** A long run takes as long as some twenty others. */
const SEEDS_A_LONG_RUN = 1000;

/** What the night is asked for. */
export interface Night {
  /** Undefined: from 1, and what failed once is replayed, too. */
  readonly firstSeed: number | undefined;
  readonly runs: number;
  /** Processes at a time. */
  readonly jobs: number;
  /** Undefined: all in turn, and long ones. */
  readonly spec: string | undefined;
}

/** Throws SettingError. */
export function readNight(environment: NodeJS.ProcessEnv, processors: number): Night {
  return {
    firstSeed: countSetting(environment, 'SEED', 0),
    runs: countSetting(environment, 'RUNS', 0) ?? 10_000,
    jobs: countSetting(environment, 'JOBS', 0) ?? processors,
    spec: readSpec(environment)?.name,
  };
}

/** What one process runs (`main.ts`). */
export interface Task {
  readonly label: string;
  readonly settings: Readonly<Record<'SEED' | 'RUNS' | 'SPEC', string>>;
}

/**
 * Long runs first, each by itself, one of each spec for every thousand seeds, but one at least; then the seeds, which are one range for
 * all jobs. A job that has more than others has one more.
 */
export function tasksOf(night: Night): readonly Task[] {
  return [...longTasks(night), ...rangeTasks(night)];
}

function longTasks({ firstSeed = 1, runs, spec }: Night): Task[] {
  if (spec !== undefined || runs === 0) return [];
  const seeds = Array.from({ length: Math.max(1, Math.floor(runs / SEEDS_A_LONG_RUN)) }, (_, at) => firstSeed + at);
  return seeds.flatMap((seed) =>
    LONG_SPECS.map(({ name }) => ({
      label: `${name}, seed ${seed}`,
      settings: { SEED: String(seed), RUNS: '1', SPEC: name },
    })),
  );
}

function rangeTasks({ firstSeed, runs, jobs, spec = '' }: Night): Task[] {
  const parts = Math.max(1, Math.min(jobs, runs));
  return Array.from({ length: parts }, (_, part) => {
    const first = (firstSeed ?? 1) + Math.floor((part * runs) / parts);
    const end = (firstSeed ?? 1) + Math.floor(((part + 1) * runs) / parts);
    // The first one replays what failed once, unless the seeds are chosen.
    const seed = part === 0 && firstSeed === undefined ? '' : String(first);
    const settings = { SEED: seed, RUNS: String(end - first), SPEC: spec };
    return { label: `seeds ${first} to ${end - 1}`, settings };
  });
}
