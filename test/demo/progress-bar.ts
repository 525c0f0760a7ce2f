const WIDTH = 30;
const REDRAW_MS = 200;
/** Where nobody watches (a log file), a line for each tenth is enough. */
const LOG_STEPS = 10;

/** A bar on one line of a terminal; elsewhere a line for each tenth of the way. */
export class ProgressBar {
  readonly #label: string;
  readonly #total: number;
  readonly #output: NodeJS.WriteStream;
  readonly #startedAtMs = performance.now();
  #drawnAtMs = 0;
  #loggedStep = 0;

  constructor(label: string, total: number, output: NodeJS.WriteStream = process.stdout) {
    this.#label = label;
    this.#total = total;
    this.#output = output;
  }

  update(done: number): void {
    const now = performance.now();
    if (this.#output.isTTY) {
      if (now - this.#drawnAtMs < REDRAW_MS && done < this.#total) return;
      this.#drawnAtMs = now;
      const filled = Math.floor((WIDTH * done) / this.#total);
      this.#output.write(`\r${this.#label} [${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${this.#figures(done, now)} `);
      return;
    }
    const step = Math.floor((LOG_STEPS * done) / this.#total);
    if (step === this.#loggedStep) return;
    this.#loggedStep = step;
    this.#output.write(`${this.#label} ${this.#figures(done, now)}\n`);
  }

  /** A line of its own, under which the bar goes on. */
  note(text: string): void {
    this.#output.write(this.#output.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  end(done: number): void {
    this.update(done);
    if (this.#output.isTTY) this.#output.write('\n');
  }

  #figures(done: number, now: number): string {
    const rate = (done * 1000) / Math.max(1, now - this.#startedAtMs);
    return `${done} of ${this.#total} (${Math.floor((100 * done) / this.#total)} %), ${rate.toFixed(0)}/s`;
  }
}
