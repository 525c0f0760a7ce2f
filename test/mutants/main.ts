import { performance } from 'node:perf_hooks';
import { countSetting, namesSetting, settingsOrEnd } from '../harness/settings.ts';
import { MUTANTS } from './catalog.ts';
import { detect, endDetection, type Finding, play, runSearch, runTests } from './detection.ts';
import type { Mutant, SearchDetector } from './mutant.ts';
import { misfits } from './patching.ts';
import { HEADING, rowOf } from './table.ts';
import { SERVICES, UnsoundMutantError, Workshop } from './workshop.ts';

const chosen = settingsOrEnd(() => namesSetting(process.env, 'ONLY', MUTANTS)) ?? MUTANTS;
const seedsMax = settingsOrEnd(() => countSetting(process.env, 'SEEDS')) ?? Number.POSITIVE_INFINITY;
const problems = misfits(MUTANTS, SERVICES);
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
} else {
  await tryAll(chosen);
}

async function tryAll(mutants: readonly Mutant[]): Promise<void> {
  const workshop = new Workshop();
  leaveNothing(workshop);
  try {
    const findings: Finding[] = [];
    const unsound: string[] = [];
    process.stdout.write(`${HEADING}\n`);
    for (const mutant of mutants) {
      const startedMs = performance.now();
      const problem = become(workshop, mutant);
      if (problem !== undefined) unsound.push(problem);
      const finding = problem === undefined ? await detect(mutant, workshop.folder, seedsMax) : undefined;
      if (finding !== undefined) findings.push(finding);
      process.stdout.write(`${rowOf(mutant, finding, (performance.now() - startedMs) / 1000)}\n`);
    }
    for (const problem of unsound) process.stdout.write(`${problem}\n`);
    workshop.restore();
    const blame = await blameless(findings, workshop.folder);
    if (blame !== undefined) process.stdout.write(`without any mistake: ${blame}\n`);
    process.exitCode = blame !== undefined || findings.length < mutants.length ? 1 : 0;
    process.stdout.write(`${JSON.stringify({ mutants: mutants.length, caught: findings.length })}\n`);
  } finally {
    workshop.close();
  }
}

/** Why the mutant cannot be tried; undefined: it is in its place. */
function become(workshop: Workshop, mutant: Mutant): string | undefined {
  try {
    workshop.become(mutant);
    return undefined;
  } catch (error) {
    if (error instanceof UnsoundMutantError) return error.message;
    throw error;
  }
}

/** What found mistakes must find nothing without them. Undefined: it does not. */
async function blameless(findings: readonly Finding[], folder: string): Promise<string | undefined> {
  const pairs = new Set<string>();
  const paths = new Set<string>();
  /** Of each spec the longest. */
  const searches = new Map<string, SearchDetector>();
  for (const { seed, detector } of findings) {
    if (seed !== undefined) pairs.add(seed);
    else if (detector.kind === 'tests') paths.add(detector.path);
    else if (detector.kind === 'search' && detector.states > (searches.get(detector.spec)?.states ?? 0))
      searches.set(detector.spec, detector);
  }
  const violated = await play([...pairs], folder);
  if (violated !== undefined) return `${violated.seed} violates ${violated.check}: ${violated.message}`;
  for (const path of paths) {
    const failed = await runTests(path, folder);
    if (failed !== undefined) return `${path}: ${failed.message}`;
  }
  for (const search of searches.values()) {
    const failed = await runSearch(search, folder);
    if (failed !== undefined) return `${failed.check}: ${failed.message}`;
  }
  return undefined;
}

/** An interrupted program takes its copy of the tree with it, and what runs in there. */
function leaveNothing(workshop: Workshop): void {
  process.on('exit', () => {
    endDetection();
    workshop.close();
  });
  // Not once: a second signal must not end the process in the midst of this.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
}
