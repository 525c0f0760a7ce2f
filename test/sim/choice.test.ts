import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SettingError } from '../harness/settings.ts';
import { readChoice } from './choice.ts';

const UNSOUND: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ SPEC: 'bad' }, /^SPEC: there is no "bad"; there are everything, .*, no-control-plane$/],
  [{ SPEC: 'everything,relay' }, /^SPEC: there is no "everything,relay"/],
  [{ SEED: 'abc' }, /^SEED must be a whole number, not "abc"$/],
  [{ RUNS: '1.5' }, /^RUNS must be a whole number, not "1.5"$/],
  [{ RUNS: '-1' }, /^RUNS must be/],
  [{ SEED: '1e3' }, /^SEED must be/],
  [{ SEED: ' ' }, /^SEED must be/],
  [{ SEED: '99999999999999999999' }, /^SEED must be/],
];

describe('what the simulator is asked for', () => {
  it('is as make says, and has defaults', () => {
    const none = readChoice({ SEED: '', RUNS: '', SPEC: '', SECONDS: '', TRACE: '' });
    assert.deepEqual(
      [none.firstSeed, none.runs, none.spec, none.seconds, none.trace, none.regressions],
      [1, 20, undefined, undefined, false, true],
    );
    const some = readChoice({ SEED: '7', RUNS: '3', SPEC: 'no-control-plane', SECONDS: '5', TRACE: '1' });
    assert.deepEqual(
      [some.firstSeed, some.runs, some.spec?.name, some.seconds, some.trace, some.regressions],
      [7, 3, 'no-control-plane', 5, true, false],
    );
  });

  it('is refused when it makes no sense', () => {
    for (const [settings, message] of UNSOUND) assert.throws(() => readChoice(settings), { name: SettingError.name, message });
  });

  for (const program of ['main.js', 'nightly.js']) {
    it(`is refused with one line and a failure by ${program}`, () => {
      for (const [settings, message] of UNSOUND.slice(0, 4)) {
        const path = fileURLToPath(new URL(program, import.meta.url));
        const { status, stdout, stderr } = spawnSync(process.execPath, [path], { env: { ...process.env, ...settings }, encoding: 'utf8' });
        assert.deepEqual([status, stdout], [1, '']);
        assert.match(stderr, /^[^\n]+\n$/);
        assert.match(stderr.trimEnd(), message);
      }
    });
  }
});
