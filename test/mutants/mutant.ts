/** A text that stands exactly once in a source file, and what takes its place. */
export interface Patch {
  /** Within services/. */
  readonly file: string;
  readonly old: string;
  readonly new: string;
}

/** Runs of the simulator, stopped at the first violation. */
export interface SeedsDetector {
  readonly kind: 'seeds';
  /** Undefined: all specs in turn. */
  readonly spec: string | undefined;
  /** Seeds 1 to this number must be enough. */
  readonly seeds: number;
}

/** Tests that are not the simulator's: a compiled file or folder for Node's test runner. */
export interface TestsDetector {
  readonly kind: 'tests';
  /** Within dist/. */
  readonly path: string;
}

/** The exhaustive search of one spec (test/exhaustive), which ends at the first violation. */
export interface SearchDetector {
  readonly kind: 'search';
  readonly spec: string;
  /** So many states, in the order in which the search finds them, must be enough. */
  readonly states: number;
}

export type Detector = SeedsDetector | TestsDetector | SearchDetector;

/** One mistake that somebody could make in the protocol, and what must notice it. */
export interface Mutant {
  readonly name: string;
  /** What the mistaken code does. */
  readonly mistake: string;
  readonly patches: readonly Patch[];
  /** Asked in this order; the first one that notices ends the trial. */
  readonly detectors: readonly Detector[];
}

export function seeds(spec: string | undefined, count: number): SeedsDetector {
  return { kind: 'seeds', spec, seeds: count };
}

export function search(spec: string, states: number): SearchDetector {
  return { kind: 'search', spec, states };
}

export function tests(path: string): TestsDetector {
  return { kind: 'tests', path };
}
