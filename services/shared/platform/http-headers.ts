import type { HttpHeaders } from '../env/http.ts';

/** Headers over the list that Node's parser gives: name, value, name, value. A few comparisons are cheaper than an index of all. */
export class RawHttpHeaders implements HttpHeaders {
  readonly #raw: readonly string[];

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  get(name: string): string | undefined {
    const raw = this.#raw;
    for (let index = 0; index < raw.length; index += 2) {
      if (sameName(raw[index] as string, name)) return raw[index + 1];
    }
    return undefined;
  }

  all(name: string): readonly string[] {
    const raw = this.#raw;
    const values: string[] = [];
    for (let index = 0; index < raw.length; index += 2) {
      if (sameName(raw[index] as string, name)) values.push(raw[index + 1] as string);
    }
    return values;
  }
}

/** `name` is in lower case. Header names are ASCII: the parser admits nothing else. */
function sameName(sent: string, name: string): boolean {
  return sent.length === name.length && (sent === name || sent.toLowerCase() === name);
}

/** What the headers say about the frame of a request. */
export interface Framing {
  /** Announced length of the body; 0 when there is none, or in chunks. */
  readonly bodyBytes: number;
  /** 400 or 501: why the request cannot be taken; undefined when it can. */
  readonly refusal: number | undefined;
}

/**
 * Looks at Host, Content-Length and Transfer-Encoding. What is ambiguous about the latter two Node's strict parser refuses by
 * itself (RFC 9112 section 6.3); left here are encodings that it would not undo, and the rule of exactly one Host (3.2).
 */
export function framingOf(raw: readonly string[]): Framing {
  let hosts = 0;
  let bodyBytes = 0;
  let refusal: number | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    if (sameName(name, 'host')) hosts++;
    else if (sameName(name, 'content-length')) bodyBytes = Number(value);
    else if (sameName(name, 'transfer-encoding') && value.toLowerCase() !== 'chunked') refusal = 501;
  }
  return { bodyBytes, refusal: hosts === 1 ? refusal : 400 };
}
