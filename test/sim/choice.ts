import type { Spec } from './specs/spec.ts';
import { LONG_SPECS, specNamed, SPECS } from './specs/specs.ts';

/** What was asked for makes no sense; the message says what does. */
export class ChoiceError extends Error {
  override readonly name = 'ChoiceError';
}

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

/** Throws ChoiceError. */
export function readChoice(environment: NodeJS.ProcessEnv): Choice {
  const number = (name: string): number | undefined => readWholeNumber(environment, name);
  return {
    firstSeed: number('SEED') ?? 1,
    runs: number('RUNS') ?? 20,
    spec: readSpec(environment),
    seconds: number('SECONDS'),
    trace: textOf(environment, 'TRACE') === '1',
    regressions: textOf(environment, 'SEED') === undefined && textOf(environment, 'SPEC') === undefined,
    progressEvery: number('PROGRESS') ?? 100,
  };
}

/** Undefined: none is named. Throws ChoiceError. */
export function readSpec(environment: NodeJS.ProcessEnv): Spec | undefined {
  const name = textOf(environment, 'SPEC');
  const spec = name === undefined ? undefined : specNamed(name);
  if (name !== undefined && spec === undefined) {
    const known = [...SPECS, ...LONG_SPECS].map((each) => each.name).join(', ');
    throw new ChoiceError(`SPEC: there is no spec "${name}"; there are ${known}`);
  }
  return spec;
}

/** Undefined: none is given. Throws ChoiceError. */
export function readWholeNumber(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = textOf(environment, name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new ChoiceError(`${name} must be a whole number, not "${text}"`);
  return value;
}

/** Of a program: what `read` says, or one line of what is wrong and the end with 1. */
export function chosen<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ChoiceError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function textOf(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}
