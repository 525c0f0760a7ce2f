/**
 * Numbers that stand in stored or sent bytes must never change their meaning. `fixed-numbers.txt` lists all that were ever
 * handed out, one `table.name number` a line; a name that was removed stays, with `reserved` behind its number. `make gen` adds
 * new ones; it and `make lint` (`--check`) fail when a listed one has changed, gone, or is used again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { CHANGE_NUMBERS, LOG_RECORD_TYPE_NUMBERS } from '../../services/shared/wal/log-record.ts';
import { EXPIRY_RANGE_KIND_NUMBERS } from '../../services/storage-node/core/expiry-progress.ts';
import { STATE_HASH_KIND_NUMBERS } from '../../services/storage-node/core/state-hash-record.ts';
import * as wire from '../../services/shared/wire/generated/field-tags.ts';

const LIST = 'test/lint/fixed-numbers.txt';

const TABLES: readonly (readonly [table: string, numbers: Readonly<Record<string, number>>])[] = [
  ['LogRecordType', LOG_RECORD_TYPE_NUMBERS],
  ['LogRecordChange', CHANGE_NUMBERS],
  ['StateHashKind', STATE_HASH_KIND_NUMBERS],
  ['ExpiryRangeKind', EXPIRY_RANGE_KIND_NUMBERS],
  ...Object.entries(wire),
];

const current = new Map(
  TABLES.flatMap(([table, numbers]) => Object.entries(numbers).map(([name, number]) => [`${table}.${name}`, number])),
);
const taken = new Set([...current].map(([name, number]) => `${name.split('.')[0]} ${number}`));
const listed = readFileSync(LIST, 'utf8').split('\n').slice(0, -1);

function problemOf(line: string): string | undefined {
  const [name = '', number = '', reserved] = line.split(' ');
  const now = current.get(name);
  if (reserved === undefined)
    return now === Number(number) ? undefined : `${name} was ${number}, now it is ${now ?? 'gone: mark it as reserved'}`;
  return taken.has(`${name.split('.')[0]} ${number}`) ? `${number} was ${name} and is used again` : undefined;
}

const problems = listed.map(problemOf).filter((problem) => problem !== undefined);
const names = new Set(listed.map((line) => line.split(' ')[0]));
const added = [...current].filter(([name]) => !names.has(name)).map(([name, number]) => `${name} ${number}`);
if (process.argv.includes('--check')) {
  if (added.length > 0) problems.push(`not listed yet: ${added.join(', ')}: run "make gen" and commit the result`);
} else if (problems.length === 0) {
  writeFileSync(LIST, `${[...listed, ...added].sort().join('\n')}\n`);
}
for (const problem of problems) console.error(`${LIST}: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
