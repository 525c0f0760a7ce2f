import { drawMs, type Fault } from './fault.ts';
import { once } from './once.ts';
import { pickImpaired } from './processes.ts';

const STEP_MOST_MS = 3_600_000;
/** Two clocks may differ by twice this: what a lease allows for (architecture.md 4.2). */
const RATE_ERROR_MAX = 5e-4;

/** A wall clock is set, forward or back. */
export const stepClock: Fault = {
  kind: 'clock-step',
  begin({ cluster, random }) {
    const { clock, name } = random.pick(cluster.machines);
    const stepMs = drawMs(random, 10, STEP_MOST_MS) * (random.chance(0.5) ? 1 : -1);
    clock.stepWall(stepMs);
    // Set right later, so that errors do not add up without end.
    return {
      what: `${name} by ${stepMs.toFixed(0)} ms`,
      durationMs: drawMs(random, 1000, 20_000),
      end: once(() => clock.stepWall(-stepMs)),
    };
  },
};

/** Far more than is promised, and not so much that the margin of a lease would not cover it until it is found out. */
const BROKEN_RATES = [0.95, 1.05];

/** The clocks of one storage node run at a rate that no clock may have: leases must not be relied on (reliability.md (i), F4). */
export const breakClock: Fault = {
  kind: 'clock-broken',
  begin(parts) {
    const { random } = parts;
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    const { node, permit } = picked;
    const rate = random.pick(BROKEN_RATES);
    node.clock.setRate(rate);
    const end = once(() => {
      node.clock.setRate(1);
      permit();
    });
    return { what: `${node.name} at ${rate}`, durationMs: drawMs(random, 1000, 20_000), end };
  },
};

/** The clocks of a machine run too fast or too slow, within what is promised. */
export const skewClock: Fault = {
  kind: 'clock-rate',
  begin({ cluster, random }) {
    const { clock, name } = random.pick(cluster.machines);
    const rate = 1 + (random.float() * 2 - 1) * RATE_ERROR_MAX;
    clock.setRate(rate);
    return { what: `${name} at ${rate.toFixed(6)}`, durationMs: drawMs(random, 1000, 30_000), end: () => clock.setRate(1) };
  },
};
