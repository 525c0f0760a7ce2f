/**
 * A pattern in which `*` stands for any number of characters and `?` for one (UTF-16 unit), cut at its asterisks: one piece means
 * that there was none. Plain data, so that it can be sent to a thread.
 */
export type Glob = readonly string[];

export function compileGlob(pattern: string): Glob {
  return pattern.split(/\*+/);
}

/**
 * Pieces between two asterisks are looked for from left to right, each behind the one before: the leftmost place leaves the most
 * room for the rest, so nothing is ever tried twice. Takes at most length of text times length of pattern.
 */
export function matchesGlob(glob: Glob, text: string): boolean {
  const first = glob[0] as string;
  const last = glob[glob.length - 1] as string;
  if (glob.length === 1) return text.length === first.length && fitsAt(first, text, 0);
  const end = text.length - last.length;
  if (end < first.length || !fitsAt(first, text, 0) || !fitsAt(last, text, end)) return false;
  let at = first.length;
  for (let piece = 1; piece < glob.length - 1; piece++) {
    const found = find(glob[piece] as string, text, at, end);
    if (found === -1) return false;
    at = found + (glob[piece] as string).length;
  }
  return true;
}

/** Where a piece fits first, whole between `from` and `end`; -1: nowhere. */
function find(piece: string, text: string, from: number, end: number): number {
  if (!piece.includes('?')) {
    const found = text.indexOf(piece, from);
    return found === -1 || found + piece.length > end ? -1 : found;
  }
  for (let at = from; at + piece.length <= end; at++) {
    if (fitsAt(piece, text, at)) return at;
  }
  return -1;
}

/** The caller has seen to it that the text is long enough. */
function fitsAt(piece: string, text: string, at: number): boolean {
  if (!piece.includes('?')) return text.startsWith(piece, at);
  for (let offset = 0; offset < piece.length; offset++) {
    if (piece[offset] !== '?' && piece[offset] !== text[at + offset]) return false;
  }
  return true;
}
