import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import type { Clock } from '../env/clock.ts';
import type { ThreadModule, ThreadPort } from '../env/thread.ts';
import { systemTimers } from './clock.ts';
import { nodeDigest } from './digest.ts';
import { systemRandom } from './random.ts';
import { hostMs, type WorkerThreadData } from './worker-thread.ts';

const { module, clockOffsetMs } = workerData as WorkerThreadData;
const parent = must(parentPort);
const port: ThreadPort = {
  post: (message, moved) => parent.postMessage(message, moved as ArrayBuffer[]),
  onMessage: () => {},
};
const clock: Clock = { monotonicMs: () => hostMs() - clockOffsetMs, wallMs: () => Date.now() };
const { serve } = (await import(module)) as ThreadModule;
serve(port, { clock, timers: systemTimers, random: systemRandom, digest: nodeDigest });
// Only now: what was sent before waits in the port until somebody listens.
parent.on('message', (message: unknown) => port.onMessage(message));
