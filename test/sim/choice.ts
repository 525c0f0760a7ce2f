import { countSetting, nameSetting, textSetting } from '../harness/settings.ts';
import type { Spec } from './specs/spec.ts';
import { LONG_SPECS, SPECS } from './specs/specs.ts';

/** What is to be run, as make says it in the environment: an empty value is none. */
export interface Choice {
  readonly firstSeed: number;
  readonly runs: number;
  /** Undefined: all but the long ones, in turn. */
  readonly spec: Spec | undefined;
  /** Simulated time under faults; undefined: the spec's own. */
  readonly seconds: number | undefined;
  /** Prints everything that happens. */
  readonly trace: boolean;
  /** Runs that failed once come first. */
  readonly regressions: boolean;
  /** Seeds between two lines that tell how far it is; 0: one line, at the end. */
  readonly progressEvery: number;
}

/** Throws SettingError. */
export function readChoice(environment: NodeJS.ProcessEnv): Choice {
  const number = (name: string): number | undefined => countSetting(environment, name, 0);
  return {
    firstSeed: number('SEED') ?? 1,
    runs: number('RUNS') ?? 20,
    spec: readSpec(environment),
    seconds: number('SECONDS'),
    trace: textSetting(environment, 'TRACE') === '1',
    regressions: textSetting(environment, 'SEED') === undefined && textSetting(environment, 'SPEC') === undefined,
    progressEvery: number('PROGRESS') ?? 100,
  };
}

/** Undefined: none is named. Throws SettingError. */
export function readSpec(environment: NodeJS.ProcessEnv): Spec | undefined {
  return nameSetting(environment, 'SPEC', [...SPECS, ...LONG_SPECS]);
}
