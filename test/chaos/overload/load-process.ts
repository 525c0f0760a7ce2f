import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport } from './order.ts';

/** Has an order carried out by a process of its own, which ends with this one at the latest. */
export async function generateLoad(order: LoadOrder): Promise<LoadReport> {
  const child = fork(fileURLToPath(new URL('./generator.js', import.meta.url)));
  child.send(order);
  const ended = once(child, 'exit').then(([code]: unknown[]): never => {
    throw new Error(`the load generator ended with status ${String(code)} before it reported`);
  });
  const [report] = (await Promise.race([once(child, 'message'), ended])) as [LoadReport];
  ended.catch(() => {});
  return report;
}
