import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RandomWorld } from './random-world.fixture.ts';

/** `SCHEDULES=n node --test dist/services/shared/paxos` tries more. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 150);

describe('three replicas out of four under random schedules', () => {
  test('never lose or change a chosen slot, never hold two leases, and go on after healing', (context) => {
    let chosen = 0;
    let ballots = 0;
    let swaps = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const world = new RandomWorld(seed);
      try {
        world.run(3000);
        world.heal();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)} (${world.describe()})`, { cause: error });
      }
      chosen += world.chosen.length;
      ballots += world.elections.size;
      swaps += world.configuration.number - 1;
    }
    const happened = `${chosen} chosen, ${ballots} ballots, ${swaps} Swaps`;
    context.diagnostic(happened);
    assert(chosen > 10_000 && ballots > 200 && swaps > 100, `too little happened: ${happened}`);
  });
});
