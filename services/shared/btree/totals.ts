import { stateHashText } from './state-hash.ts';

/** What lies in or below a page. */
export interface Totals {
  readonly items: number;
  /** In DynamoDB's accounting, as given with each value. */
  readonly itemBytes: number;
  /** The two lanes of the state hash, signed 32-bit integers. */
  readonly hashA: number;
  readonly hashB: number;
}

export const NOTHING: Totals = { items: 0, itemBytes: 0, hashA: 0, hashB: 0 };

export function sameTotals(a: Totals, b: Totals): boolean {
  return a.items === b.items && a.itemBytes === b.itemBytes && a.hashA === b.hashA && a.hashB === b.hashB;
}

/** For messages about pages whose totals are not what their parent says. */
export function totalsText(totals: Totals): string {
  return `${totals.items} items, ${totals.itemBytes} bytes, hash ${stateHashText(totals.hashA, totals.hashB)}`;
}

/**
 * A page as its parent (or the tree's header) knows it: by id, with what lies below it. Being verified whenever the page
 * is read, the totals also tell a page that is intact but old, as a lost write would leave it.
 */
export class PageReference implements Totals {
  readonly id: number;
  items: number;
  itemBytes: number;
  hashA: number;
  hashB: number;

  constructor(id: number, totals: Totals) {
    this.id = id;
    this.items = totals.items;
    this.itemBytes = totals.itemBytes;
    this.hashA = totals.hashA;
    this.hashB = totals.hashB;
  }

  set(totals: Totals): void {
    this.items = totals.items;
    this.itemBytes = totals.itemBytes;
    this.hashA = totals.hashA;
    this.hashB = totals.hashB;
  }

  add(items: number, itemBytes: number, hashA: number, hashB: number): void {
    this.items += items;
    this.itemBytes += itemBytes;
    this.hashA = (this.hashA + hashA) | 0;
    this.hashB = (this.hashB + hashB) | 0;
  }
}
