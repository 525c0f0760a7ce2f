import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ExpressionCase } from './case.ts';

/** A case that failed once, made small: what a file in `regressions/` holds. */
export interface Regression {
  readonly seed: number;
  readonly case: ExpressionCase;
  /** How the sides differed when the file was written, for people. */
  readonly difference: string;
}

const FOLDER = fileURLToPath(new URL('../../../test/expressions/regressions/', import.meta.url));

/** By the names of their files. */
export function readRegressions(): ReadonlyMap<string, Regression> {
  if (!existsSync(FOLDER)) return new Map();
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(files.sort().map((file) => [file, JSON.parse(readFileSync(FOLDER + file, 'utf8')) as Regression]));
}

/** Returns the file's name. */
export function writeRegression(regression: Regression): string {
  const file = `${regression.case.kind}-${regression.seed}.json`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FOLDER + file, `${JSON.stringify(regression, undefined, 2)}\n`);
  return file;
}
