import { assert } from '../../services/shared/base/assert.ts';
import { type MarkFile, MarkFileDamagedError } from '../../services/shared/env/mark-file.ts';

/** A mark file in memory. At a crash the number that is being written may be there or not. */
export class MemoryMarkFile implements MarkFile {
  readonly #delay: () => Promise<void>;
  #mark: number | undefined;
  #inFlight: number | undefined;
  #damaged = false;
  #crashed = false;
  #failNext: Error | undefined;
  writes = 0;

  constructor(mark?: number, delay: () => Promise<void> = () => Promise.resolve()) {
    this.#mark = mark;
    this.#delay = delay;
  }

  async read(): Promise<number | undefined> {
    if (this.#damaged) throw new MarkFileDamagedError('neither slot is valid');
    return this.#mark;
  }

  async write(mark: number): Promise<void> {
    assert(this.#inFlight === undefined, 'a mark is being written');
    assert(mark >= (this.#mark ?? 0), () => `mark ${mark} after ${this.#mark}`);
    this.#inFlight = mark;
    this.writes += 1;
    await this.#delay();
    if (this.#crashed) await new Promise(() => undefined);
    if (this.#failNext !== undefined) throw this.#failNext;
    this.#mark = mark;
    this.#damaged = false;
    this.#inFlight = undefined;
  }

  async close(): Promise<void> {
    assert(this.#inFlight === undefined, 'a mark is being written');
  }

  failNextWrite(error: Error): void {
    this.#failNext = error;
  }

  /** Both slots go bad. */
  damage(): void {
    this.#damaged = true;
  }

  /** The power is cut: nothing of this file is heard again. Returns the file that the disk holds afterwards. */
  crash(inFlightSurvives: boolean, delay?: () => Promise<void>): MemoryMarkFile {
    this.#crashed = true;
    const mark = inFlightSurvives ? (this.#inFlight ?? this.#mark) : this.#mark;
    return new MemoryMarkFile(mark, delay);
  }
}
