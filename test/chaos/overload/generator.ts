import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { MIB } from '../../../services/shared/base/units.ts';
import { SigV4Signer } from '../../harness/sigv4-signer.ts';
import { GOOD_MS, HUGE_BODY_BYTES, type LoadOrder, type LoadReport } from './order.ts';

const HOST = '127.0.0.1';
/** Requests under way at a time, over all clients. */
const UNDER_WAY_MAX = 1000;
/** Requests are signed before the load begins, so that the load is the server's and not ours; then they are repeated. */
const SIGNED_REQUESTS = 1000;
const TEXT_BYTES = 300;
const TICK_MS = 5;
const SLOW_BODY_BYTES = 1 * MIB;
const SLOW_BODY_PAUSE_MS = 100;

interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A load of signed PutItem requests, and what else an order says, in a process of its own. */
class Generator {
  readonly #order: LoadOrder;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: UNDER_WAY_MAX });
  readonly #requests: readonly SignedRequest[];
  readonly #huge: SignedRequest | undefined;
  readonly #underWay = new Set<ClientRequest>();
  readonly #refused: Record<string, number> = {};
  #next = 0;
  #running = true;
  #offered = 0;
  #good = 0;
  #late = 0;
  #unanswered = 0;
  #unsent = 0;
  #hugeAnswered = 0;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#requests = signRequests(order);
    this.#huge = order.nuisance.hugeBodies > 0 ? signHuge(order) : undefined;
  }

  async run(): Promise<LoadReport> {
    const { arrival, nuisance, seconds } = this.#order;
    const startedMs = performance.now();
    for (let at = 0; at < nuisance.slowBodies; at++) this.#slowBody();
    for (let at = 0; at < nuisance.hugeBodies; at++) this.#hugeBody();
    if (arrival.kind === 'open') this.#arrive(arrival.ratePerSecond, startedMs);
    else for (let at = 0; at < arrival.connections; at++) this.#repeat();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    this.#running = false;
    const report = {
      seconds: (performance.now() - startedMs) / 1000,
      offered: this.#offered,
      good: this.#good,
      late: this.#late,
      refused: this.#refused,
      unanswered: this.#unanswered,
      unsent: this.#unsent,
      hugeAnswered: this.#hugeAnswered,
    };
    for (const request of this.#underWay) request.destroy();
    return report;
  }

  #repeat(): void {
    if (!this.#running) return;
    this.#offered++;
    this.#send(0, () => this.#repeat());
  }

  #arrive(ratePerSecond: number, startedMs: number): void {
    if (!this.#running) return;
    const due = ((performance.now() - startedMs) / 1000) * ratePerSecond;
    for (; this.#offered < due; this.#offered++) {
      if (this.#underWay.size < UNDER_WAY_MAX) this.#send(this.#retries);
      else this.#unsent++;
    }
    setTimeout(() => this.#arrive(ratePerSecond, startedMs), TICK_MS);
  }

  get #retries(): number {
    return this.#order.arrival.kind === 'open' ? this.#order.arrival.retries : 0;
  }

  #send(retries: number, ended: () => void = () => {}): void {
    const { headers, body } = this.#requests[this.#next++ % this.#requests.length] as SignedRequest;
    const sentMs = performance.now();
    const request = httpRequest({ host: HOST, port: this.#order.port, method: 'POST', path: '/', headers, agent: this.#agent });
    const timeoutMs = this.#order.arrival.kind === 'open' ? this.#order.arrival.timeoutMs : 60_000;
    const timer = setTimeout(() => request.destroy(), timeoutMs);
    let answered = false;
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        answered = true;
        this.#count(response.statusCode ?? 0, performance.now() - sentMs);
      });
    });
    request.on('error', () => {});
    request.on('close', () => {
      clearTimeout(timer);
      this.#underWay.delete(request);
      if (!answered) this.#unanswered++;
      if (!answered && retries > 0 && this.#running) this.#send(retries - 1, ended);
      else setImmediate(ended);
    });
    this.#underWay.add(request);
    request.end(body);
  }

  #count(status: number, tookMs: number): void {
    if (!this.#running) return;
    if (status !== 200) this.#refused[status] = (this.#refused[status] ?? 0) + 1;
    else if (tookMs <= GOOD_MS) this.#good++;
    else this.#late++;
  }

  /** Announces a body and sends a byte of it now and then; begins anew when the server has had enough. */
  #slowBody(): void {
    if (!this.#running) return;
    const { headers } = this.#requests[0] as SignedRequest;
    const socket = connect({ host: HOST, port: this.#order.port });
    const lines = Object.entries({ ...headers, 'content-length': String(SLOW_BODY_BYTES) }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST / HTTP/1.1\r\n${lines.join('')}\r\n`);
    const timer = setInterval(() => (this.#running ? socket.write('{') : socket.destroy()), SLOW_BODY_PAUSE_MS);
    socket.on('error', () => {});
    socket.resume();
    socket.on('close', () => {
      clearInterval(timer);
      setTimeout(() => this.#slowBody(), SLOW_BODY_PAUSE_MS);
    });
  }

  /** Signed as it should be: nothing but its size and the number of its values is wrong with it. */
  #hugeBody(): void {
    if (!this.#running) return;
    const { headers, body } = this.#huge as SignedRequest;
    const request = httpRequest({ host: HOST, port: this.#order.port, method: 'POST', path: '/', headers });
    request.on('response', (response) => {
      if (this.#running) this.#hugeAnswered++;
      response.resume();
    });
    request.on('error', () => {});
    request.on('close', () => {
      this.#underWay.delete(request);
      setTimeout(() => this.#hugeBody(), SLOW_BODY_PAUSE_MS);
    });
    this.#underWay.add(request);
    request.end(body);
  }
}

function signRequests({ credentials, keys, port, table }: LoadOrder): SignedRequest[] {
  const signer = new SigV4Signer(credentials);
  const timeMs = Date.now();
  return Array.from({ length: SIGNED_REQUESTS }, (_, number) => {
    const Item = { pk: { S: `overload/${number % keys}` }, text: { S: 'x'.repeat(TEXT_BYTES) } };
    const body = Buffer.from(JSON.stringify({ TableName: table, Item }));
    return { body, headers: signer.headers({ host: `${HOST}:${port}`, action: 'PutItem', body, timeMs }) };
  });
}

function signHuge({ credentials, port, table }: LoadOrder): SignedRequest {
  const body = hugeBody(table);
  const timeMs = Date.now();
  return { body, headers: new SigV4Signer(credentials).headers({ host: `${HOST}:${port}`, action: 'PutItem', body, timeMs }) };
}

function hugeBody(table: string): Buffer {
  const start = `{"TableName":"${table}","Item":{"pk":{"S":"huge"},"list":{"L":[`;
  const value = '{"N":"1"},';
  const values = value.repeat(Math.floor((HUGE_BODY_BYTES - start.length - 20) / value.length));
  return Buffer.from(`${start}${values}{"N":"1"}]}}}`);
}

process.once('message', (order: LoadOrder) => {
  void new Generator(order).run().then((report) => process.send?.(report, () => process.exit(0)));
});
process.once('disconnect', () => process.exit(0));
