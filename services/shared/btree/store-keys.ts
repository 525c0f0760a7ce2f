/**
 * Keys of the tree store: one letter, then a 64-bit number in most cases.
 *
 *   n             the node's record: format version and the least page id never given out
 *   t tree id     header of a tree
 *   l page id     pages given out to a load that has not been installed, by the first of them
 *   g page id     root of pages that no tree needs any more and that are being deleted
 *   p page id     a page
 */
export const NODE_KEY = Buffer.from('n');

const TREE = 0x74;
const LOAD = 0x6c;
const GARBAGE = 0x67;
const PAGE = 0x70;

export function treeKey(treeId: number): Buffer {
  return numbered(TREE, treeId);
}

export function loadKey(firstPageId: number): Buffer {
  return numbered(LOAD, firstPageId);
}

export function garbageKey(rootPageId: number): Buffer {
  return numbered(GARBAGE, rootPageId);
}

export function pageKey(pageId: number): Buffer {
  return numbered(PAGE, pageId);
}

/** All keys of one kind: `low` included, `high` excluded. */
export const TREE_KEYS = letterRange(TREE);
export const LOAD_KEYS = letterRange(LOAD);
export const GARBAGE_KEYS = letterRange(GARBAGE);
export const PAGE_KEYS = letterRange(PAGE);

/** The number in a key; undefined when the key has another form. */
export function keyNumber(key: Uint8Array): number | undefined {
  if (key.length !== 9) return undefined;
  const view = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const number = view.readUInt32BE(1) * 0x1_0000_0000 + view.readUInt32BE(5);
  return Number.isSafeInteger(number) ? number : undefined;
}

function numbered(letter: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = letter;
  key.writeUInt32BE(Math.floor(number / 0x1_0000_0000), 1);
  key.writeUInt32BE(number >>> 0, 5);
  return key;
}

function letterRange(letter: number): { readonly low: Buffer; readonly high: Buffer } {
  return { low: Buffer.from([letter]), high: Buffer.from([letter + 1]) };
}
