import type { Command } from 'commander';
import { PageDamagedError } from '../shared/btree/errors.ts';
import { readStoredState, type StoredState } from '../shared/btree/stored-state.ts';
import { formatBallot } from '../shared/paxos/ballot.ts';
import type { PartitionSettings } from '../shared/placement/partition-settings.ts';
import { nodeDigest } from '../shared/platform/digest.ts';
import { decodeLogRecord } from '../shared/wal/log-record.ts';
import type { WriteAheadLog } from '../shared/wal/write-ahead-log.ts';
import { decodeGroupMeta } from '../storage-node/core/group-state.ts';
import { REMEMBER_REQUESTS_MS } from '../storage-node/core/options.ts';
import { type OfflineNode, withOfflineNode } from './offline-node.ts';
import { formatTable } from './text-table.ts';
import { UserError } from './user-error.ts';

const RECORD_BYTES = 4 * 1024 * 1024;

/** Adds `stator inspect`: what a stopped node's data folder holds. */
export function addInspectCommand(program: Command, report: (line: string) => void): void {
  program
    .command('inspect <folder>')
    .description("show what a stopped storage node's data folder holds: identity, log, trees, state of each group")
    .option('--group <id>', 'the newest log records of this group as well')
    .option('--records <number>', 'so many of them', '20')
    .action(async (folder: string, { group, records }: { group?: string; records: string }) => {
      await withOfflineNode(folder, async (node) => {
        for (const line of await describeNode(node)) report(line);
        if (group !== undefined) for (const line of await describeRecords(node.wal, Number(group), Number(records))) report(line);
      });
    });
}

async function describeNode(node: OfflineNode): Promise<string[]> {
  const lines = [`identity  ${node.identity?.replaceAll(/\s+/g, ' ').trim() ?? 'none: the node belongs to no cluster'}`, ''];
  for (const { file, offset, reason } of node.logDamage) lines.push(`DAMAGE    wal/${file} at byte ${offset}: ${reason}`);
  const damage = node.wal.storeDamage();
  if (damage !== undefined) lines.push(`DAMAGE    write-ahead log: ${damage}`);
  lines.push(...logTable(node.wal), '', ...(await treeTable(node)));
  return lines;
}

function logTable(wal: WriteAheadLog): string[] {
  const rows = [...wal.recovered()].map(([group, { header, damage }]) => [
    String(group),
    formatBallot(header.promised),
    formatBallot(header.accepted),
    String(header.trimmed),
    String(header.commit),
    String(header.last),
    String(wal.groupBytes(group)),
    damage ?? (header.abstains ? 'abstains' : 'sound'),
  ]);
  return formatTable(['log of group', 'promised', 'accepted', 'trimmed', 'commit', 'last', 'bytes', 'state'], rows);
}

async function treeTable(node: OfflineNode): Promise<string[]> {
  let state: StoredState;
  try {
    state = await readStoredState(node.tree, nodeDigest);
  } catch (error) {
    if (error instanceof PageDamagedError) return [`DAMAGE    trees: ${error.message}`];
    throw error;
  }
  const rows = [...state.trees.values()].map(({ treeId, meta, items, itemBytes, stateHash }) => {
    const group = decodeGroupMeta(meta, REMEMBER_REQUESTS_MS);
    const { tableId, partitionId, low, high, configuration, members } = group.identity;
    return [
      // A replica's tree has the replica's id.
      String(treeId),
      String(group.identity.group),
      `${tableId}/${partitionId}`,
      `${hexadecimal(low)}..${hexadecimal(high)}`,
      `${configuration}: ${members.map(({ node: name }) => name).join(' ')}`,
      String(group.state.applied),
      settingsText(group.state.settings),
      String(items),
      String(itemBytes),
      stateHash,
    ];
  });
  const titles = [
    'tree of replica',
    'group',
    'table/partition',
    'range',
    'configuration',
    'applied',
    'settings',
    'entries',
    'bytes',
    'state hash',
  ];
  const damaged = [...state.damaged.values()].map((error) => `DAMAGE    ${error.message}`);
  return [...damaged, ...formatTable(titles, rows)];
}

/** Version and number of indexes, local and global; `-`: none were told. A tree's entries are items, and what is derived from them. */
function settingsText(settings: PartitionSettings | undefined): string {
  return settings === undefined
    ? '-'
    : `${settings.version}: ${settings.localIndexes.length} local, ${settings.globalIndexes.length} global`;
}

async function describeRecords(wal: WriteAheadLog, group: number, most: number): Promise<string[]> {
  const found = wal.recovered().get(group);
  if (found === undefined) throw new UserError(`There is no group ${group} in this folder.`);
  if (found.damage !== undefined) throw new UserError(`The log of group ${group} cannot be read: ${found.damage}.`);
  const { trimmed, last } = found.header;
  const first = Math.max(trimmed + 1, last - most + 1);
  const rows: string[][] = [];
  while (first + rows.length <= last) {
    for (const bytes of await wal.read(group, first + rows.length, last, RECORD_BYTES)) {
      const record = decodeLogRecord(bytes, nodeDigest);
      const time = new Date(record.timeMs).toISOString();
      const request = record.request === undefined ? '-' : `${record.request.life}.${record.request.number}`;
      const key = hexadecimal(record.key);
      rows.push([String(first + rows.length), record.type, record.change, time, request, record.identity.name, String(bytes.length), key]);
    }
  }
  return ['', ...formatTable(['slot', 'type', 'change', 'time', 'request', 'by', 'bytes', 'key'], rows)];
}

function hexadecimal(bytes: Uint8Array | undefined): string {
  return bytes === undefined || bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex');
}
