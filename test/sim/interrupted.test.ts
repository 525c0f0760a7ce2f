import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Totals } from './totals.ts';

/** More than any test waits for. */
const MANY = { SEED: '1', RUNS: '100000', SPEC: 'calm', SECONDS: '1', PROGRESS: '1' };

/** A program of this folder in a group of its own. */
function start(program: string, settings: Readonly<Record<string, string>>): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  return spawn(process.execPath, [path], { detached: true, env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Sends the signal as soon as what the program tells of its progress is enough. How it ended, and the last line of its output. */
function interrupt(program: ChildProcess, signal: NodeJS.Signals, isEnough: (told: string) => boolean): Promise<[number | null, string]> {
  return new Promise((resolve, reject) => {
    let told = '';
    let output = '';
    let sent = false;
    program.stderr?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      if (sent || !isEnough(told)) return;
      sent = true;
      program.kill(signal);
    });
    program.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    program.once('error', reject);
    program.once('close', (code) => resolve([code, output.trimEnd().split('\n').at(-1) ?? '']));
  });
}

describe('runs that are interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`tell what they have found, and fail: ${signal}`, async () => {
      const [code, line] = await interrupt(start('main.js', MANY), signal, (told) => told.includes('2 of 100000'));
      const { seeds, operations } = JSON.parse(line) as Totals;
      assert(seeds >= 2 && operations > 0, line);
      assert.equal(code, signal === 'SIGINT' ? 130 : 143);
    });
  }

  it('do so together when there are several processes, of which none goes on', async () => {
    const nightly = start('nightly.js', { ...MANY, JOBS: '2' });
    const bothBegan = (told: string): boolean => /seeds 1 to .* 1 of/.test(told) && /seeds 50001 to .* 1 of/.test(told);
    const [code, line] = await interrupt(nightly, 'SIGINT', bothBegan);
    const { seeds, operations } = JSON.parse(line) as Totals;
    assert(seeds >= 2 && operations > 0, line);
    assert.equal(code, 1);
    assert.throws(() => process.kill(-Number(nightly.pid), 0), { code: 'ESRCH' });
  });
});
