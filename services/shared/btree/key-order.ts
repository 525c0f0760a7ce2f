/**
 * Comparisons of keys written out in JavaScript: keys begin with a hash, so most differ within a few bytes, and a call into
 * native code costs more than that.
 */

/** Lexicographic order of unsigned bytes: negative, zero or positive. */
export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shorter = a.length < b.length ? a.length : b.length;
  for (let at = 0; at < shorter; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The same for a key that lies inside a page image. */
export function compareKeyInside(image: Uint8Array, offset: number, length: number, key: Uint8Array): number {
  const shorter = length < key.length ? length : key.length;
  for (let at = 0; at < shorter; at++) {
    const difference = (image[offset + at] as number) - (key[at] as number);
    if (difference !== 0) return difference;
  }
  return length - key.length;
}

/**
 * The first four bytes of a key, missing ones taken as zero, as an integer in the order of the keys. Unequal prefixes decide a
 * comparison; with equal ones it takes the whole keys. Small integers lie side by side in an array, so that a search
 * among them stays in a few cache lines, where the keys themselves would each bring two or three from all over the heap.
 */
export function keyPrefix(key: Uint8Array): number {
  const length = key.length;
  const bytes =
    length >= 4
      ? ((key[0] as number) << 24) | ((key[1] as number) << 16) | ((key[2] as number) << 8) | (key[3] as number)
      : ((key[0] ?? 0) << 24) | ((key[1] ?? 0) << 16) | ((key[2] ?? 0) << 8);
  // The sign bit is turned around, because the bytes are unsigned and the integers are not.
  return bytes ^ 0x8000_0000;
}

/**
 * The shortest byte string that is greater than `left` and at most `right`, given left < right. As a separator it keeps
 * interior pages small: between hashed keys two or three bytes are enough.
 */
export function shortestSeparator(left: Uint8Array, right: Uint8Array): Uint8Array {
  let common = 0;
  while (common < left.length && left[common] === right[common]) common += 1;
  return ownCopy(right.subarray(0, common + 1));
}

/** A copy with memory of its own: one from Buffer's pool would keep eight kilobytes alive. */
export function ownCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}
