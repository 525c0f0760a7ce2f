import { createRequire, syncBuiltinESMExports } from 'node:module';

/** Reality, as a process could see it past its environment. */
const GLOBALS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'WeakRef', 'FinalizationRegistry'] as const;
const MEMBERS: readonly (readonly [object, readonly string[]])[] = [
  [Math, ['random']],
  [performance, ['now', 'timeOrigin']],
  [process, ['hrtime', 'uptime', 'cpuUsage', 'memoryUsage']],
  [crypto, ['getRandomValues', 'randomUUID']],
];
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID'],
  'node:timers': ['setTimeout', 'setInterval', 'setImmediate'],
  'node:fs': ['open', 'openSync', 'readFile', 'readFileSync', 'writeFile', 'writeFileSync'],
  'node:net': ['connect', 'createConnection', 'createServer'],
};

/** Reality leaked into a simulation. */
export class RealityError extends Error {
  override readonly name = 'RealityError';
}

/**
 * Replaces what would leak reality into a run by functions that throw. Returns what puts everything back: to be called when
 * the run is over, whatever came of it.
 */
export function trapReality(): () => void {
  const require = createRequire(import.meta.url);
  const undo: (() => void)[] = [];
  undo.push(trapDate());
  for (const name of GLOBALS) undo.push(trap(globalThis, name, name));
  for (const [holder, names] of MEMBERS) for (const name of names) undo.push(trap(holder, name, name));
  for (const [module, names] of Object.entries(MODULES)) {
    const holder = require(module) as object;
    for (const name of names) undo.push(trap(holder, name, `${module} ${name}`));
  }
  syncBuiltinESMExports();
  return () => {
    for (const restore of undo.reverse()) restore();
    syncBuiltinESMExports();
  };
}

/** A date made of a given number is arithmetic; only the present is reality. */
function trapDate(): () => void {
  const real = Date;
  const refuse = (): never => {
    throw new RealityError('the present time was asked for in a simulation');
  };
  globalThis.Date = new Proxy(real, {
    apply: refuse,
    construct: (target, given: readonly number[]) => (given[0] === undefined ? refuse() : new target(given[0])),
    get: (target, name) => (name === 'now' ? refuse : Reflect.get(target, name)),
  });
  return () => {
    globalThis.Date = real;
  };
}

function trap(holder: object, name: string, shown: string): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, name);
  const trapped = function trapped(): never {
    throw new RealityError(`${shown} was used in a simulation`);
  };
  Object.defineProperty(holder, name, { value: trapped, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, own);
  };
}
