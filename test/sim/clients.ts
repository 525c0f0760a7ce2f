import { must } from '../../services/shared/base/assert.ts';
import type { Prng } from '../../services/shared/base/prng.ts';
import type { HttpResponse } from '../../services/shared/env/http.ts';
import { SigV4Signer } from '../harness/sigv4-signer.ts';
import { ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, type SimCluster } from './cluster.ts';
import type { RouterProcess } from './front-door.ts';
import type { SimMachine } from './machine.ts';

/** One call of the DynamoDB API. */
export interface ApiCall {
  /** `PutItem`. */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type Json = Readonly<Record<string, unknown>>;

/** What a client hears. */
export type Outcome =
  | { readonly kind: 'done'; readonly answer: Json }
  /** The condition was false; the answer has the item where it was asked for. */
  | { readonly kind: 'condition-failed'; readonly answer: Json }
  /** Surely nothing was done. */
  | { readonly kind: 'refused'; readonly code: string }
  /** Nobody knows: the service says so, or the router is gone. */
  | { readonly kind: 'unknown'; readonly message?: string };

const NOBODY_THERE: Outcome = { kind: 'refused', code: 'no connection' };
const UNKNOWN: Outcome = { kind: 'unknown' };
/** Of an HTTP request, one way. */
const LATENCY_MS = 0.2;
/** One call of so many goes through the last router: little traffic, so that it learns late what has changed. */
const LAST_ROUTER_ONE_OF = 5;
/** Answers of a router that mean: try again, nothing was done. A clock that was set makes signatures look old. */
const REFUSALS = new Set([
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'ServiceUnavailable',
  'ResourceNotFoundException',
  'InvalidSignatureException',
  'ResourceInUseException',
]);

/** The application's side: signed calls through the routers, whichever life of them is there. */
export class Clients {
  readonly #cluster: SimCluster;
  readonly #random: Prng;
  readonly #doors: readonly RouterDoor[];
  #moments = 0;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    this.#random = cluster.kernel.random();
    this.#doors = cluster.routers.map((router) => new RouterDoor(cluster, router));
  }

  /** A place in the order of everything that happened. */
  moment(): number {
    this.#moments += 1;
    return this.#moments;
  }

  /** Through some router. Rejects only when the answer is one that no workload may get. */
  execute(call: ApiCall): Promise<Outcome> {
    return this.executeAt(this.#random.below(LAST_ROUTER_ONE_OF) === 0 ? this.#doors.length - 1 : 0, call);
  }

  /** Through this router, counted from 0. */
  async executeAt(router: number, call: ApiCall): Promise<Outcome> {
    const door = must(this.#doors[router]);
    const { kernel } = this.#cluster;
    const begunAtMs = kernel.nowMs;
    const outcome = await door.post(call);
    kernel.trace.line(kernel.nowMs, door.name, `client ${call.action} ${outcome.kind}`, () => ({ begunAtMs, input: shown(call), outcome }));
    return outcome;
  }

  /** Repeats a call that may be repeated until it is done: for setting up and for looking at the end. */
  async insist(call: ApiCall): Promise<Json> {
    let answer: Json | undefined;
    await this.#cluster.until(`${call.action} is done`, 60_000, async () => {
      const outcome = await this.execute(call);
      if (outcome.kind === 'done') answer = outcome.answer;
      return answer !== undefined;
    });
    return must(answer);
  }
}

/** One router, and who waits for it. */
class RouterDoor {
  readonly #cluster: SimCluster;
  readonly #router: SimMachine<RouterProcess>;
  readonly #signer = new SigV4Signer({ accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, region: REGION });
  /** Calls that the present life of the router has not answered. */
  #open: Set<(outcome: Outcome) => void> | undefined;

  constructor(cluster: SimCluster, router: SimMachine<RouterProcess>) {
    this.#cluster = cluster;
    this.#router = router;
  }

  get name(): string {
    return this.#router.name;
  }

  async post({ action, input }: ApiCall): Promise<Outcome> {
    const body = Buffer.from(JSON.stringify(input));
    // Clients set their clocks by the same source as their router does.
    const timeMs = this.#router.clock.wallMs();
    const headers = this.#signer.headers({ host: this.#router.name, action, body, timeMs });
    await this.#cluster.sleep(LATENCY_MS);
    const life = this.#router.life;
    const door = life?.service.door;
    if (life === undefined || door === undefined) return NOBODY_THERE;
    const open = this.#openCalls();
    return new Promise((resolve, reject) => {
      open.add(resolve);
      life.process.run(() => {
        const answered = (response: HttpResponse): void => {
          open.delete(resolve);
          this.#cluster.kernel.after(LATENCY_MS, () => readOutcome(response, resolve, reject));
        };
        door.post(headers, body).then(answered, reject);
      });
    });
  }

  /** Whoever waits for a router that ends never hears what came of it. */
  #openCalls(): Set<(outcome: Outcome) => void> {
    if (this.#open !== undefined) return this.#open;
    const open = new Set<(outcome: Outcome) => void>();
    this.#open = open;
    this.#router.onEnd(() => {
      this.#open = undefined;
      for (const resolve of open) resolve(UNKNOWN);
    });
    return open;
  }
}

function readOutcome(response: HttpResponse, resolve: (outcome: Outcome) => void, reject: (error: Error) => void): void {
  const answer = JSON.parse(response.body.toString('utf8')) as Json;
  if (response.status === 200) return resolve({ kind: 'done', answer });
  const type = String(answer['__type']);
  const code = type.slice(type.indexOf('#') + 1);
  if (code === 'ConditionalCheckFailedException') resolve({ kind: 'condition-failed', answer });
  else if (response.status >= 500) resolve({ kind: 'unknown', message: String(answer['message']) });
  else if (REFUSALS.has(code)) resolve({ kind: 'refused', code });
  else reject(new Error(`a call was answered with ${response.status} ${JSON.stringify(answer)}`));
}

/** A call without what only pads it. */
function shown({ input }: ApiCall): unknown {
  return JSON.parse(JSON.stringify(input).replace(/x{4,}/g, 'x...'));
}
