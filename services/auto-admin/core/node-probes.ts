import type { NodeId } from '../../shared/base/ids.ts';
import { UNREACHABLE_PROBE_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { Knowledge } from './knowledge.ts';
import type { Step } from './steps.ts';

type Unreachable = Pick<Knowledge, 'unreachable'>;
type DeleteReplica = Step & { readonly kind: 'delete-replica' };

/**
 * Chooses which calls are made to nodes that cannot be reached and have something of what is gone: each call takes all its time to fail, and
 * there may be one for each replica that such a node has left. So all of them are held back but one now and then, whichever comes first.
 */
export class NodeProbes {
  readonly #calledAtMs = new Map<NodeId, number>();

  /** The step is about to be carried out, by monotonic time. */
  begins(step: Step, nowMs: number): void {
    if (step.kind === 'delete-replica') this.#calledAtMs.set(step.replica.node, nowMs);
  }

  /** One step for each node that cannot be reached and was not called for UNREACHABLE_PROBE_MS. The caller carries them out: they count as begun. */
  take(steps: readonly Step[], knowledge: Unreachable, nowMs: number): Step[] {
    const taken: Step[] = [];
    for (const step of steps) {
      if (!isHeldBack(step, knowledge)) continue;
      const calledAtMs = this.#calledAtMs.get(step.replica.node);
      if (calledAtMs !== undefined && nowMs - calledAtMs < UNREACHABLE_PROBE_MS) continue;
      this.begins(step, nowMs);
      taken.push(step);
    }
    return taken;
  }
}

/** The step calls a node that the last call did not reach. */
export function isHeldBack(step: Step, { unreachable }: Unreachable): step is DeleteReplica {
  return step.kind === 'delete-replica' && unreachable.has(step.replica.node);
}
