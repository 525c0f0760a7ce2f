import type { NodeId } from '../../shared/base/ids.ts';
import type { Scrub, ScrubReport } from '../../shared/wire/admin.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/** What the node's scrub has done and found; begins a pass when asked to and none is under way. Returns at once. */
export function scrub(request: Scrub, node: NodeId, groups: NodeGroups): ScrubReport {
  const { scrubber, findings, rebuilder } = groups;
  if (request.start) scrubber.start();
  return {
    kind: 'scrub-report',
    node,
    pass: scrubber.pass,
    running: scrubber.running,
    replicasDone: scrubber.replicasDone,
    replicas: scrubber.replicas,
    pages: scrubber.passPages,
    bytes: scrubber.passBytes,
    lastCompleteMs: scrubber.lastCompleteMs,
    rebuilt: rebuilder.rebuilt,
    findings: findings.list,
    findingsTotal: findings.total,
  };
}
