/** A stored page is missing, damaged or older than its parent says. The tree is unusable until its replica is rebuilt; other trees go on. */
export class PageDamagedError extends Error {
  override readonly name = 'PageDamagedError';
  readonly treeId: number;
  /** 0 for the tree's header. */
  readonly pageId: number;
  readonly reason: string;

  constructor(treeId: number, pageId: number, reason: string) {
    super(`page ${pageId} of tree ${treeId}: ${reason}`);
    this.treeId = treeId;
    this.pageId = pageId;
    this.reason = reason;
  }
}

/** A whole record of the store was written by a version that this one does not know. */
export class UnknownTreeFormatError extends Error {
  override readonly name = 'UnknownTreeFormatError';
}

/** The tree was removed, replaced by a load or closed while something was under way on it. */
export class TreeClosedError extends Error {
  override readonly name = 'TreeClosedError';
}

/** Entries for a load did not come in ascending order of their keys: what the sender sent is damaged. */
export class LoadOrderError extends Error {
  override readonly name = 'LoadOrderError';
}
