import { PageDamagedError } from '../../shared/btree/errors.ts';
import { PageStore, type PageStoreParts } from '../../shared/btree/page-store.ts';
import { type KeyValueStore, StoreDamagedError } from '../../shared/env/key-value-store.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { Findings } from './findings.ts';
import type { NodeDisk } from './node-disk.ts';
import type { NodeGroups } from './node-groups.ts';

/** The store of trees, opened. */
export interface OpenTrees {
  readonly store: KeyValueStore;
  readonly pages: PageStore;
  /** Why the trees that were there were set aside, now; undefined: they were not. */
  readonly setAside: string | undefined;
}

/**
 * Opens the trees. Where the store itself is damaged beyond use, or its own record is, it is set aside and an empty one takes
 * its place: the logs of the groups are in another store, and say that their trees are missing, so that nothing starts empty.
 */
export async function openTrees(disk: NodeDisk, parts: Omit<PageStoreParts, 'store'>): Promise<OpenTrees> {
  const first = await disk.openTree();
  try {
    return { ...first, pages: await PageStore.open({ ...parts, store: first.store }) };
  } catch (error) {
    if (!(error instanceof PageDamagedError) && !isStoreDamage(error)) throw error;
    await first.store.close();
    await disk.noteTreeDamage(String(error));
    const second = await disk.openTree();
    return { ...second, pages: await PageStore.open({ ...parts, store: second.store }) };
  }
}

/** The store met damage by itself, in a compaction for instance, and cannot go on. */
export function isStoreDamage(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) if (cause instanceof StoreDamagedError) return true;
  return false;
}

/** Keeps what was set aside until every replica of the node is whole again, for whoever has to save what can be saved. */
export class SetAsideTree {
  readonly #disk: Pick<NodeDisk, 'removeSetAside'>;
  readonly #groups: Pick<NodeGroups, 'all' | 'rebuilder'>;
  readonly #findings: Findings;
  readonly #logger: Logger;
  #done = false;

  constructor(disk: Pick<NodeDisk, 'removeSetAside'>, groups: Pick<NodeGroups, 'all' | 'rebuilder'>, findings: Findings, logger: Logger) {
    this.#disk = disk;
    this.#groups = groups;
    this.#findings = findings;
    this.#logger = logger;
  }

  /** To be called every few hundred milliseconds. */
  async tick(): Promise<void> {
    if (this.#done || !this.#isWhole()) return;
    this.#done = true;
    this.#findings.repaired(0, 'store');
    try {
      await this.#disk.removeSetAside();
    } catch (error) {
      this.#logger.warn('trees that were set aside are still there', { error: String(error) });
    }
  }

  #isWhole(): boolean {
    if (this.#groups.rebuilder.unknown.size > 0) return false;
    for (const group of this.#groups.all) {
      // A replica of the log alone has no tree.
      if (group.keepsLogOnly) continue;
      if (group.stopped || group.awaitsSnapshot || group.state.applied < group.paxos.commit) return false;
    }
    return true;
  }
}
