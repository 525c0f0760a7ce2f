import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { Sealer } from '../../shared/env/sealer.ts';
import type { CredentialRecord } from '../../shared/placement/catalog-records.ts';
import { PolicyError } from '../../shared/policy/policy-error.ts';
import { parsePolicy } from '../../shared/policy/policy-parser.ts';
import type { Policy } from '../../shared/policy/policy.ts';
import type { Credential } from './api/identity.ts';

export interface RouterCredentialParts {
  readonly watcher: CatalogWatcher;
  readonly logger: Logger;
  /** Without one no credential of the catalog can be used. */
  readonly sealer: Sealer | undefined;
  /** Credentials given to this process by access key: roots of their accounts. */
  readonly given: ReadonlyMap<string, Credential>;
}

const NOTHING_ALLOWED: Policy = { statements: [] };

/**
 * The credentials that this router accepts: those it was given, and those of the watched catalog, whose secrets it unseals when
 * they are first used. A change of the catalog counts from the next request on; what cannot be read lets nobody in.
 */
export class RouterCredentials {
  readonly #parts: RouterCredentialParts;
  /** A record is another object after each change. */
  readonly #read = new WeakMap<CredentialRecord, Credential | 'unreadable'>();
  #unreadable = 0;

  constructor(parts: RouterCredentialParts) {
    this.#parts = parts;
  }

  /** Credentials of the catalog that are not sealed with this router's key. */
  get unreadable(): number {
    const own = this.#parts.sealer?.name;
    let count = 0;
    for (const { sealing } of this.#parts.watcher.view.credentials()) {
      if (sealing !== own) count++;
    }
    return count;
  }

  /** Says so when more credentials than before cannot be read here: to be called whenever the catalog changed. */
  warn(): void {
    const { unreadable } = this;
    if (unreadable > this.#unreadable) {
      const { sealer, logger } = this.#parts;
      const reason = sealer === undefined ? 'this router has no sealing key' : 'they are sealed with another key than this router’s';
      logger.warn('credentials-unreadable', { count: unreadable, reason, sealing: sealer?.name });
    }
    this.#unreadable = unreadable;
  }

  readonly find = (accessKeyId: string): Credential | 'unreadable' | undefined => {
    const given = this.#parts.given.get(accessKeyId);
    if (given !== undefined) return given;
    const record = this.#parts.watcher.view.credential(accessKeyId);
    if (record === undefined) return undefined;
    let credential = this.#read.get(record);
    if (credential === undefined) {
      credential = this.#open(record);
      this.#read.set(record, credential);
    }
    return credential;
  };

  #open({ accessKeyId, account, userName, sealing, sealedSecret, policy }: CredentialRecord): Credential | 'unreadable' {
    const { sealer, logger } = this.#parts;
    if (sealer === undefined || sealer.name !== sealing) return 'unreadable';
    const secret = sealer.open(sealedSecret, accessKeyId);
    if (secret === undefined) {
      logger.warn('credential-damaged', { accessKeyId });
      return 'unreadable';
    }
    return { secret, account, user: { name: userName, policy: this.#policy(policy, userName, accessKeyId) } };
  }

  /** A policy was read when it was stored; one that this version cannot read allows nothing. */
  #policy(text: string | undefined, userName: string, accessKeyId: string): Policy {
    if (text === undefined) return NOTHING_ALLOWED;
    try {
      return parsePolicy(text, { userName });
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      this.#parts.logger.warn('credential-policy-unreadable', { accessKeyId, reason: error.message });
      return NOTHING_ALLOWED;
    }
  }
}
