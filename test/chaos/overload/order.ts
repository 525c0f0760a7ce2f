import { KIB, MIB } from '../../../services/shared/base/units.ts';
import type { SigningCredentials } from '../../harness/sigv4-signer.ts';

/** How requests come. */
export type Arrival =
  /** So many clients, each of which sends its next request when the last one is answered: measures what a cluster can do. */
  | { readonly kind: 'closed'; readonly connections: number }
  /** At a rate that knows nothing of answers. A request that is not answered in time is given up, and sent anew so many times. */
  | { readonly kind: 'open'; readonly ratePerSecond: number; readonly timeoutMs: number; readonly retries: number };

/** What costs a server memory and attention without being a request, beside the arrivals. */
export interface Nuisance {
  /** Connections that send a byte of a body now and then. */
  readonly slowBodies: number;
  /** Connections that send the largest body which is taken, full of small values, again and again. */
  readonly hugeBodies: number;
}

export interface LoadOrder {
  readonly port: number;
  readonly credentials: SigningCredentials;
  readonly table: string;
  readonly arrival: Arrival;
  readonly nuisance: Nuisance;
  /** 1: all requests go to the same item. */
  readonly keys: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly seconds: number;
  /** Requests that clients wanted to send, repetitions not counted. */
  readonly offered: number;
  /** Answered with success within GOOD_MS. */
  readonly good: number;
  /** Answered with success, later. */
  readonly late: number;
  /** Answers of any other status, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Given up, or broken connections. */
  readonly unanswered: number;
  /** Huge bodies that were answered with anything; none of them is good. */
  readonly hugeAnswered: number;
  /** Not sent: as many requests were under way as there may be connections. */
  readonly unsent: number;
}

/** As long as a body may be, but for a kilobyte. */
export const HUGE_BODY_BYTES = 16 * MIB - KIB;

/** An answer that comes later is of no use to its client. */
export const GOOD_MS = 1000;
