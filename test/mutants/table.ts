import type { Finding } from './detection.ts';
import type { Detector, Mutant } from './mutant.ts';

const NAME_WIDTH = 46;
const SEEDS_WIDTH = 16;
const SECONDS_WIDTH = 8;
const MESSAGE_WIDTH = 110;

export const HEADING = line('mutant', 'seeds (at most)', 'seconds', 'caught by');

/** One line for a mutant that was tried. */
export function rowOf(mutant: Mutant, finding: Finding | undefined, seconds: number): string {
  const by = finding === undefined ? 'NOTHING' : byText(finding);
  return line(mutant.name, seedsText(mutant, finding), seconds.toFixed(1), by);
}

function byText({ check, seed, message }: Finding): string {
  const [firstLine = ''] = message.split('\n');
  const what = seed === undefined ? check : `${check} (${seed})`;
  return `${what}: ${firstLine.slice(0, MESSAGE_WIDTH)}`;
}

function seedsText({ detectors }: Mutant, finding: Finding | undefined): string {
  const detector = finding?.detector ?? detectors.find(({ kind }) => kind === 'seeds');
  if (detector?.kind !== 'seeds') return '-';
  return `${finding?.seedsPlayed ?? '-'} (${limitOf(detector)})`;
}

function limitOf(detector: Detector): number {
  return detector.kind === 'seeds' ? detector.seeds : 0;
}

function line(name: string, seeds: string, seconds: string, by: string): string {
  return `${name.padEnd(NAME_WIDTH)}${seeds.padStart(SEEDS_WIDTH)}${seconds.padStart(SECONDS_WIDTH)}  ${by}`;
}
