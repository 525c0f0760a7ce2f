/** Something that will happen. */
export interface SimEvent {
  /** Simulated time, milliseconds. */
  readonly atMs: number;
  /** Breaks ties: what was planned first happens first. */
  readonly sequence: number;
  readonly happen: () => void;
}

/** A binary heap of events by (time, sequence). */
export class EventQueue {
  readonly #heap: SimEvent[] = [];
  #sequence = 0;

  get length(): number {
    return this.#heap.length;
  }

  push(atMs: number, happen: () => void): void {
    const event: SimEvent = { atMs, sequence: this.#sequence++, happen };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as SimEvent;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  /** Takes the earliest event out. */
  pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return first;
    const { length } = heap;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= length) break;
      if (childAt + 1 < length && isBefore(heap[childAt + 1] as SimEvent, heap[childAt] as SimEvent)) childAt += 1;
      const child = heap[childAt] as SimEvent;
      if (!isBefore(child, moved)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = moved;
    return first;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
