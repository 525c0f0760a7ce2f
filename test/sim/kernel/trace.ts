import { mix32 } from '../../../services/shared/base/hash.ts';

/** One line of what happened, as a person reads it. */
interface TraceLine {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  /** A function is asked only when the line is shown. */
  readonly details: unknown;
}

/** So many of the last lines are kept for the report of a failure. */
const LINES_KEPT = 600;

/**
 * What happened in a run: a hash over everything, so that two runs of one seed can be compared, and the last lines, so that a
 * failure can be read.
 */
export class Trace {
  #low = 0x9e3779b9;
  #high = 0x85ebca6b;
  readonly #lines: TraceLine[] = [];
  #nextLine = 0;
  readonly #print: ((line: string) => void) | undefined;

  /** `print` is given each line as it comes. */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  /** Something happened, told by a number: a kind, a checksum, a count. */
  mix(value: number): void {
    this.#low = mix32(this.#low ^ value);
    this.#high = (Math.imul(this.#high, 31) + this.#low) >>> 0;
  }

  /** Something happened at a time, which is hashed to its last bit that matters. */
  mixTime(atMs: number): void {
    // Its low 32 bits: what a bitwise operator takes.
    this.mix(Math.round(atMs * 1e6));
  }

  line(atMs: number, who: string, what: string, details?: unknown): void {
    this.mixTime(atMs);
    this.mix(textHash(what));
    const line: TraceLine = { atMs, who, what, details };
    this.#lines[this.#nextLine] = line;
    this.#nextLine = (this.#nextLine + 1) % LINES_KEPT;
    if (this.#print !== undefined) this.#print(formatLine(line));
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }

  /** The last lines, oldest first. */
  lastLines(count: number): string[] {
    const ordered = [...this.#lines.slice(this.#nextLine), ...this.#lines.slice(0, this.#nextLine)];
    return ordered.slice(-count).map(formatLine);
  }
}

function formatLine({ atMs, who, what, details }: TraceLine): string {
  return `${(atMs / 1000).toFixed(6).padStart(11)} ${who.padEnd(12)} ${what}${details === undefined ? '' : ` ${formatDetails(details)}`}`;
}

function formatDetails(details: unknown): string {
  return JSON.stringify(typeof details === 'function' ? (details() as unknown) : details, (_name, value: unknown) => {
    if (value instanceof Error) return value.stack;
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return value;
  });
}

function textHash(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}
