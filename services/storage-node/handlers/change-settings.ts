import { AdminCallError } from '../../shared/env/transport.ts';
import { type PartitionSettings, parsePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { CatalogRecordError } from '../../shared/placement/record-fields.ts';
import type { AdminResponse, ChangeSettings } from '../../shared/wire/admin.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/** The caller asks again. */
const PATIENCE_MS = 2000;

/**
 * Changes the settings of a partition through its log, and answers when they are applied, with how far its global indexes are.
 * Repeating it is harmless: a version that the group has already changes nothing. Rejects with AdminCallError `not-leader`,
 * `invalid-settings` or `not-now`.
 */
export async function changeSettings(request: ChangeSettings, groups: NodeGroups): Promise<AdminResponse> {
  const group = groups.group(request.group);
  if (group === undefined || !group.paxos.serves) throw new AdminCallError('not-leader', `this node does not lead group ${request.group}`);
  const settings = readSettings(request.settings);
  const deadlineMs = groups.environment.clock.monotonicMs() + PATIENCE_MS;
  const { status, message } = await new Promise<Answer>((resolve) => group.changeSettings(settings, deadlineMs, resolve));
  if (status !== 'ok')
    throw new AdminCallError('not-now', `the settings of group ${request.group} may not be applied: ${message ?? status}`);
  return { kind: 'settings-applied', version: group.state.settings?.version ?? 0, indexes: groups.indexes.progress(group) };
}

function readSettings(json: Uint8Array): PartitionSettings {
  try {
    return parsePartitionSettings(json);
  } catch (error) {
    if (error instanceof CatalogRecordError) throw new AdminCallError('invalid-settings', error.message);
    throw error;
  }
}
