/**
 * A name that comes twice in one object of a JSON text; undefined when there is none. JSON.parse takes the last one in silence, and
 * a policy must not lose a condition in that way. The text is known to be JSON.
 */
export function repeatedName(json: string): string | undefined {
  /** For each open bracket the names of its object; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let at = 0;
  while (at < json.length) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    if (character !== '"') {
      at++;
      continue;
    }
    const end = endOfString(json, at);
    const names = open[open.length - 1];
    if (names !== undefined && isName(json, end)) {
      const name = JSON.parse(json.slice(at, end)) as string;
      if (names.has(name)) return name;
      names.add(name);
    }
    at = end;
  }
  return undefined;
}

/** A string is a name when a colon follows. */
function isName(json: string, end: number): boolean {
  let at = end;
  while (/\s/.test(json[at] ?? '')) at++;
  return json[at] === ':';
}

/** Behind the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
