import type { Environment } from '../env/environment.ts';
import { AdminCallError, TransportError } from '../env/transport.ts';
import { ADMIN_CALL_TIMEOUT_MS, RETRY_MAX_MS, RETRY_MIN_MS } from '../limits/cluster-client-limits.ts';
import type { AdminRequest, AdminResponse } from '../wire/admin.ts';
import type { StatorTransport } from '../wire/frames.ts';

/** What an auto-admin answers that does not hold the lease. */
export const NOT_ACTIVE = 'not-active';
/** What callers get when no active auto-admin was reached, or its answer was lost. */
export const UNAVAILABLE = 'unavailable';

/** A refusal that came after the answer to an earlier copy of the call was lost: that copy may have been carried out. */
export class RefusedAfterLossError extends AdminCallError {}

/** Calls the active one of several auto-admins. Every call is safe to repeat, and is repeated until its deadline. */
export class AutoAdminClient {
  readonly #environment: Pick<Environment, 'clock' | 'timers' | 'random'>;
  readonly #transport: StatorTransport;
  readonly #addresses: readonly string[];
  #current = 0;

  constructor(environment: Pick<Environment, 'clock' | 'timers' | 'random'>, transport: StatorTransport, addresses: readonly string[]) {
    this.#environment = environment;
    this.#transport = transport;
    this.#addresses = addresses;
  }

  /**
   * The answer of the active auto-admin. Rejects with the AdminCallError that it answered (a RefusedAfterLossError when it is not
   * the first copy of the call that may have been carried out), or with code `unavailable` when the
   * deadline, `deadlineMs` milliseconds from now, passes; the call may then have been carried out.
   */
  async call(request: AdminRequest, deadlineMs: number): Promise<AdminResponse> {
    const { clock, timers, random } = this.#environment;
    const deadlineAtMs = clock.monotonicMs() + deadlineMs;
    let reason = 'none is configured';
    let refusal: string | undefined;
    let lost = false;
    for (let tries = 1; this.#addresses.length > 0; tries++) {
      const leftMs = deadlineAtMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      const address = this.#addresses[this.#current % this.#addresses.length] as string;
      try {
        return await this.#transport.call(address, request, Math.min(leftMs, ADMIN_CALL_TIMEOUT_MS));
      } catch (error) {
        if (!isWorthRepeating(error))
          throw lost && error instanceof AdminCallError ? new RefusedAfterLossError(error.code, error.message) : error;
        lost ||= !(error instanceof AdminCallError && error.code === NOT_ACTIVE);
        reason = `${address}: ${error.message}`;
        // The active one is asked again when it cannot do it just now; its reason says more than a standby's.
        if (error instanceof AdminCallError && error.code === UNAVAILABLE) refusal = error.message;
        else this.#current += 1;
      }
      if (tries % this.#addresses.length === 0) await timers.sleep(RETRY_MIN_MS + random.float() * (RETRY_MAX_MS - RETRY_MIN_MS));
    }
    throw new AdminCallError(UNAVAILABLE, refusal ?? `no active auto-admin answered in time (${reason})`);
  }
}

function isWorthRepeating(error: unknown): error is Error {
  if (error instanceof AdminCallError) return error.code === NOT_ACTIVE || error.code === UNAVAILABLE;
  return error instanceof TransportError;
}
