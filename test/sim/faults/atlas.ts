import type { SimMachine } from '../machine.ts';
import { once } from './once.ts';

/**
 * Never more faults at once than the cluster must survive and go on: one storage node of three is impaired at a time, or all
 * lose their processes together and come back with what their disks hold. In a storm any number is impaired as long as the
 * disks keep what they hold: then nothing may be wrong, but nothing needs to go on either before the heal.
 */
export class FaultAtlas {
  readonly #storm: boolean;
  readonly #impaired = new Map<SimMachine, number>();
  #all = false;
  #alone = false;

  constructor(storm: boolean) {
    this.#storm = storm;
  }

  /** Leave to impair this node, beside what impairs it already; undefined when another one is impaired. Ends by calling it. */
  impair(node: SimMachine): (() => void) | undefined {
    if (this.#all || this.#alone) return undefined;
    if (!this.#storm) for (const other of this.#impaired.keys()) if (other !== node) return undefined;
    this.#impaired.set(node, (this.#impaired.get(node) ?? 0) + 1);
    return once(() => {
      const count = (this.#impaired.get(node) ?? 0) - 1;
      if (count > 0) this.#impaired.set(node, count);
      else this.#impaired.delete(node);
    });
  }

  /** The same, with nothing else wrong with it. */
  impairAlone(node: SimMachine): (() => void) | undefined {
    if (this.#impaired.size > 0) return undefined;
    const permit = this.impair(node);
    if (permit === undefined) return undefined;
    this.#alone = true;
    return once(() => {
      this.#alone = false;
      permit();
    });
  }

  /** Leave to hit all nodes at once; undefined while any is impaired. */
  impairAll(): (() => void) | undefined {
    if (this.#all || this.#alone || (this.#impaired.size > 0 && !this.#storm)) return undefined;
    this.#all = true;
    return once(() => {
      this.#all = false;
    });
  }
}
