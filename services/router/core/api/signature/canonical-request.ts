import type { HttpHeaders } from '../../../../shared/env/http.ts';

/**
 * The canonical form of a request ("Create a signed AWS API request" of the IAM User Guide). Only the path `/` is served, so
 * there is no path to normalise.
 */
export function canonicalRequest(
  method: string,
  query: string,
  headers: HttpHeaders,
  signedHeaders: string,
  names: readonly string[],
  bodyHash: string,
): string {
  let text = `${method}\n/\n${query === '' ? '' : canonicalQuery(query)}\n`;
  for (const name of names) text += `${name}:${canonicalHeader(headers, name)}\n`;
  return `${text}\n${signedHeaders}\n${bodyHash}`;
}

/** Values of one name are joined by commas; blanks around a value go, runs of blanks inside become one. */
function canonicalHeader(headers: HttpHeaders, name: string): string {
  const value = headers.get(name);
  if (value === undefined) return '';
  const all = headers.all(name);
  return all.length === 1 ? trimBlanks(value) : all.map(trimBlanks).join(',');
}

function trimBlanks(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes('  ') || trimmed.includes('\t') ? trimmed.replace(/\s+/g, ' ') : trimmed;
}

/**
 * Parameters sorted by name, then value, in the encoding they were sent in; a name without a value gets an empty one. Bytes that were
 * sent as they are, and that the server hands over as one character each, are encoded.
 */
function canonicalQuery(query: string): string {
  return query
    .replace(/[^!-~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`))
    .sort((a, b) => Buffer.compare(Buffer.from(a.replace('=', '\0')), Buffer.from(b.replace('=', '\0'))))
    .join('&');
}
