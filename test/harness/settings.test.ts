import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { countSetting, namesSetting, SettingError } from './settings.ts';

const KNOWN = [{ name: 'one' }, { name: 'two' }];

test('settings are read as make gives them', () => {
  assert.deepEqual(
    [countSetting({}, 'RUNS'), countSetting({ RUNS: '' }, 'RUNS'), countSetting({ RUNS: '7' }, 'RUNS')],
    [undefined, undefined, 7],
  );
  assert.deepEqual(
    [namesSetting({ ONLY: '' }, 'ONLY', KNOWN), namesSetting({ ONLY: 'two,one' }, 'ONLY', KNOWN)],
    [undefined, [KNOWN[1], KNOWN[0]]],
  );
});

test('what is no count and no known name is refused', () => {
  for (const text of ['0', '-1', '1.5', '1e3', ' ', 'abc', '99999999999999999999']) {
    assert.throws(() => countSetting({ RUNS: text }, 'RUNS'), {
      name: SettingError.name,
      message: `RUNS must be a whole number of 1 or more, not "${text}"`,
    });
  }
  assert.throws(() => namesSetting({ ONLY: 'one,' }, 'ONLY', KNOWN), {
    name: SettingError.name,
    message: 'ONLY: there is no ""; there are one, two',
  });
});

describe('programs refuse with one line what makes no sense', () => {
  for (const [program, name, text] of [
    ['chaos', 'FAULT', 'nonsense'],
    ['chaos', 'KILLS', 'abc'],
    ['mutants', 'ONLY', 'nonsense'],
    ['mutants', 'SEEDS', 'abc'],
    ['exhaustive', 'SPEC', 'nonsense'],
    ['exhaustive', 'STATES', 'abc'],
  ] as const) {
    test(`${program} ${name}=${text}`, () => {
      const path = fileURLToPath(new URL(`../${program}/main.js`, import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [path], { env: { ...process.env, [name]: text }, encoding: 'utf8' });
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, new RegExp(`^${name}[^\\n]+"${text}"[^\\n]*\\n$`));
    });
  }
});
