/** Parts up to this length are left to the runtime's own search, which is the fastest for ordinary words. */
const SHORT_PART_UNITS = 32;
/** Characters that the runtime compares in the time that one unit of work stands for. */
const CHARACTERS_AT_ONCE = 8;
/** What a character costs in the search of long parts, in units of work. */
const LONG_PART_WORK = 8;

/** Upper bound of what `hasPart` does for texts of these lengths, in the units of EVALUATION_MAX_WORK. */
export function searchWork(textLength: number, partLength: number): number {
  if (partLength > SHORT_PART_UNITS) return LONG_PART_WORK * (textLength + partLength);
  return textLength + (textLength * partLength) / CHARACTERS_AT_ONCE;
}

/**
 * Whether a text holds a part, in time that grows with their lengths and not with the product of them. The runtime's search
 * takes minutes for some pairs of 200 KB, made so that nearly every position nearly matches.
 */
export function hasPart(text: string, part: string): boolean {
  if (part.length > text.length) return false;
  return part.length > SHORT_PART_UNITS ? searchedInOnePass(text, part) : text.includes(part);
}

/** The algorithm of Knuth, Morris and Pratt (SIAM Journal on Computing 6, 1977): no character of the text is looked at again. */
function searchedInOnePass(text: string, part: string): boolean {
  const fallback = fallbacks(part);
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = fallback[matched - 1] as number;
    if (part.charCodeAt(matched) === unit && ++matched === part.length) return true;
  }
  return false;
}

/** For each beginning of the part: the length of its longest proper beginning that is its end too. */
function fallbacks(part: string): Uint32Array {
  const fallback = new Uint32Array(part.length);
  let matched = 0;
  for (let at = 1; at < part.length; at++) {
    const unit = part.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = fallback[matched - 1] as number;
    if (part.charCodeAt(matched) === unit) matched++;
    fallback[at] = matched;
  }
  return fallback;
}
