import type { Service } from '../../services/shared/env/environment.ts';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../../services/shared/env/http.ts';
import type { FrontDoor } from '../../services/router/service.ts';

/** The HTTP side of a router without its server: requests are handed over as they would be after they were read. */
export class SimFrontDoor implements FrontDoor {
  readonly #handle: (request: HttpRequest) => Promise<HttpResponse>;
  #open = false;
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  constructor(handle: (request: HttpRequest) => Promise<HttpResponse>) {
    this.#handle = handle;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Requests that are not answered. */
  get underWay(): number {
    return this.#underWay;
  }

  async listen(): Promise<void> {
    this.#open = true;
  }

  async drain(): Promise<void> {
    this.#open = false;
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  /** One request with its whole body. */
  async post(headers: Readonly<Record<string, string>>, body: Buffer): Promise<HttpResponse> {
    this.#underWay += 1;
    try {
      return await this.#handle({ method: 'POST', path: '/', headers: headersOf(headers), body });
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle?.();
    }
  }
}

function headersOf(headers: Readonly<Record<string, string>>): HttpHeaders {
  const all = (name: string): string[] => {
    const value = headers[name];
    return value === undefined ? [] : [value];
  };
  return { get: (name) => headers[name], all };
}

/** A service that hands out its front door: a router, with whatever stands around it. */
export class RouterProcess implements Service {
  readonly #service: Service;
  readonly #door: () => SimFrontDoor | undefined;

  constructor(service: Service, door: () => SimFrontDoor | undefined) {
    this.#service = service;
    this.#door = door;
  }

  /** Undefined: it accepts no connections. */
  get door(): SimFrontDoor | undefined {
    const door = this.#door();
    return door?.isOpen === true ? door : undefined;
  }

  /** Requests of clients that it has not answered, also while it accepts no more. */
  get underWay(): number {
    return this.#door()?.underWay ?? 0;
  }

  run(): Promise<void> {
    return this.#service.run();
  }

  drain(): Promise<void> {
    return this.#service.drain();
  }

  stop(): Promise<void> {
    return this.#service.stop();
  }

  notReady(): string | undefined {
    return this.#service.notReady();
  }
}
