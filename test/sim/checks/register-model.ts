import type { SequentialModel } from './linearizability.ts';

/** The item is not there. Values are positive integers. */
export const ABSENT = 0;

/** Under which condition a write takes place. */
export type RegisterCondition =
  | { readonly kind: 'always' }
  | { readonly kind: 'equals'; readonly value: number }
  | { readonly kind: 'absent' };

/** A call on one item that holds one number, and what came back. */
export type RegisterCall =
  | { readonly kind: 'read'; readonly value: number }
  | {
      readonly kind: 'write';
      /** ABSENT: the item is deleted. */
      readonly value: number;
      readonly condition: RegisterCondition;
      /** Undefined: not known. */
      readonly succeeded: boolean | undefined;
      /** The value that the write found, where the answer told; ABSENT: none. */
      readonly found?: number;
    };

/** An item with conditional writes. */
export const REGISTER: SequentialModel<RegisterCall> = {
  initial: ABSENT,
  step(state, call) {
    if (call.kind === 'read') return call.value === state ? state : undefined;
    if (call.found !== undefined && call.found !== state) return undefined;
    const holds = conditionHolds(state, call.condition);
    if (call.succeeded !== undefined && call.succeeded !== holds) return undefined;
    return holds ? call.value : state;
  },
};

function conditionHolds(state: number, condition: RegisterCondition): boolean {
  switch (condition.kind) {
    case 'always':
      return true;
    case 'equals':
      return state === condition.value;
    case 'absent':
      return state === ABSENT;
  }
}
