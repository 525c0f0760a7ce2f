import { type CatalogStore, CatalogUnavailableError } from '../../shared/cluster-client/catalog-store.ts';
import type { Environment } from '../../shared/env/environment.ts';
import {
  ADMIN_LEASE_MARGIN_MS,
  ADMIN_LEASE_MS,
  ADMIN_LEASE_POLL_MS,
  ADMIN_LEASE_RENEWAL_MS,
} from '../../shared/limits/auto-admin-limits.ts';
import { AUTO_ADMIN_LEASE_KEY } from '../../shared/placement/catalog-keys.ts';
import type { AutoAdminLeaseRecord } from '../../shared/placement/catalog-records.ts';
import { parseAutoAdminLeaseRecord, serializeRecord } from '../../shared/placement/record-format.ts';

/**
 * Which of several auto-admins acts: the one that keeps raising the lease record in the catalog. It only keeps two from
 * getting in each other's way; what makes two harmless is that every step of theirs is a compare-and-set.
 */
export class AdminLease {
  readonly #environment: Environment;
  readonly #catalog: CatalogStore;
  readonly #name: string;
  readonly #holder: string;
  readonly #onChange: (active: boolean) => void;
  /** The record as this process wrote or saw it last. */
  #record: AutoAdminLeaseRecord | undefined;
  /** When the record was first seen as it is, on this process's clock. */
  #seenAtMs = 0;
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #wasActive = false;
  #running = false;

  /** `onChange` is told when this process takes the lease, and when it notices that it lost it. */
  constructor(environment: Environment, catalog: CatalogStore, name: string, onChange: (active: boolean) => void) {
    this.#environment = environment;
    this.#catalog = catalog;
    this.#name = name;
    this.#holder = `${name}#${environment.random.uint32().toString(16)}${environment.random.uint32().toString(16)}`;
    this.#onChange = onChange;
  }

  /** Whether this process may act now. */
  get active(): boolean {
    return this.#environment.clock.monotonicMs() < this.#validUntilMs;
  }

  /** When the catalog, which is its leader with a quorum, answered last. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /** Who holds the lease as far as known; undefined before it was read, empty when nobody does. */
  get holder(): string | undefined {
    return this.#record?.holder;
  }

  /** Takes the lease when it is free, and renews it, until stopped. */
  async run(): Promise<void> {
    this.#running = true;
    while (this.#running) {
      const renewed = await this.#attempt();
      this.#reportChange();
      await this.#environment.timers.sleep(renewed ? ADMIN_LEASE_RENEWAL_MS : ADMIN_LEASE_POLL_MS);
    }
  }

  /** Gives the lease up, so that another process need not wait. */
  async release(): Promise<void> {
    this.#running = false;
    const held = this.active;
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
    this.#reportChange();
    if (!held || this.#record === undefined) return;
    try {
      await this.#write('', this.#record);
    } catch (error) {
      this.#failed(error);
    }
  }

  stop(): void {
    this.#running = false;
    this.#validUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** One renewal, or one look whether the lease is free. True when this process holds it now. */
  async #attempt(): Promise<boolean> {
    const sentAtMs = this.#environment.clock.monotonicMs();
    try {
      if (!this.active) await this.#look();
      if (!this.active && !this.#isFree()) return false;
      const written = await this.#write(this.#holder, this.#record);
      if (!this.#running) return false;
      this.#validUntilMs = written ? sentAtMs + ADMIN_LEASE_MS - ADMIN_LEASE_MARGIN_MS : Number.NEGATIVE_INFINITY;
      return written;
    } catch (error) {
      // The lease that is held runs out by itself; until then the renewal is tried again.
      this.#failed(error);
      return false;
    }
  }

  async #look(): Promise<void> {
    const item = await this.#catalog.read(AUTO_ADMIN_LEASE_KEY);
    const record = item === undefined ? undefined : parseAutoAdminLeaseRecord(item.json);
    this.#answeredAtMs = this.#environment.clock.monotonicMs();
    if (record?.generation !== this.#record?.generation) this.#seenAtMs = this.#environment.clock.monotonicMs();
    this.#record = record;
  }

  #isFree(): boolean {
    const record = this.#record;
    if (record === undefined || record.holder === '') return true;
    // An earlier life of this very process cannot be alive any more.
    if (record.holder.startsWith(`${this.#name}#`)) return true;
    return this.#environment.clock.monotonicMs() - this.#seenAtMs >= ADMIN_LEASE_MS;
  }

  async #write(holder: string, over: AutoAdminLeaseRecord | undefined): Promise<boolean> {
    const record = { holder, renewal: (over?.renewal ?? 0) + 1, generation: (over?.generation ?? 0) + 1 };
    const write = await this.#catalog.writeSettled(AUTO_ADMIN_LEASE_KEY, serializeRecord(record), record.generation, over?.generation);
    if (write.outcome === 'unknown') throw new CatalogUnavailableError('whether the lease was written is unknown');
    this.#answeredAtMs = this.#environment.clock.monotonicMs();
    if (write.outcome === 'written') this.#record = record;
    return write.outcome === 'written';
  }

  #failed(error: unknown): void {
    this.#environment.logger.warn('auto-admin-lease-failed', { error: String(error) });
  }

  #reportChange(): void {
    const active = this.active;
    if (active === this.#wasActive) return;
    this.#wasActive = active;
    this.#environment.logger.info(active ? 'auto-admin-active' : 'auto-admin-standby', { holder: this.#record?.holder });
    this.#onChange(active);
  }
}
