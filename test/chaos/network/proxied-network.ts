import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { DevProcess } from '../../../services/ctl/dev-topology.ts';
import type { Surroundings } from '../../harness/process-cluster.ts';
import { type Links, linkName, type Route } from './cut-proxy.ts';
import type { Link } from './flow.ts';
import { proxiedAddress, proxyPort } from './proxied-address.ts';
import type { ProxyOrder } from './proxy-worker.ts';

type OrderBody = ProxyOrder extends infer Order ? (Order extends ProxyOrder ? Omit<Order, 'number'> : never) : never;

/** The network between the processes of one cluster: everything that they say to each other goes through a proxy that can cut it. */
export class ProxiedNetwork implements Surroundings {
  readonly #worker = new Worker(new URL('./proxy-worker.js', import.meta.url));
  readonly #waiting = new Map<number, () => void>();
  #orders = 0;

  constructor() {
    this.#worker.on('message', (number: number) => {
      this.#waiting.get(number)?.();
      this.#waiting.delete(number);
    });
  }

  async prepare(_directory: string, processes: readonly DevProcess[]): Promise<void> {
    const routes = processes.map(({ name, ports }): Route => ({ name, listenPort: proxyPort(ports.grpc), targetPort: ports.grpc }));
    await this.#order({ kind: 'listen', routes });
  }

  programOf(): string {
    return fileURLToPath(new URL('./proxied-process.js', import.meta.url));
  }

  reachedAt(address: string): string {
    return proxiedAddress(address);
  }

  async dispose(): Promise<void> {
    await this.#order({ kind: 'close' });
    await this.#worker.terminate();
  }

  /** Cuts these directions and no others; resolves when nothing passes any more. */
  cut(directions: readonly (readonly [from: string, to: string])[]): Promise<void> {
    return this.#set(directions, { cut: true, delayMs: 0 });
  }

  delay(directions: readonly (readonly [from: string, to: string])[], delayMs: number): Promise<void> {
    return this.#set(directions, { cut: false, delayMs });
  }

  heal(): Promise<void> {
    return this.#set([], { cut: false, delayMs: 0 });
  }

  #set(directions: readonly (readonly [from: string, to: string])[], link: Link): Promise<void> {
    const links: Links = Object.fromEntries(directions.map(([from, to]) => [linkName(from, to), link]));
    return this.#order({ kind: 'set-links', links });
  }

  #order(body: OrderBody): Promise<void> {
    const number = ++this.#orders;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#worker.postMessage({ ...body, number } satisfies ProxyOrder);
    });
  }
}
