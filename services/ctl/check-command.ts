import type { Command } from 'commander';
import { compareBytes } from '../shared/base/bytes.ts';
import { check } from '../shared/btree/check.ts';
import { LOCAL_SPACE_LOW } from '../shared/item/local-space.ts';
import { isSoundStoredValue } from '../shared/item/stored-value.ts';
import { nodeDigest } from '../shared/platform/digest.ts';
import type { OfflineNode } from './offline-node.ts';
import { withOfflineNode } from './offline-node.ts';

/** Adds `stator check`: whether everything in a stopped node's data folder is sound. Ends with code 1 when it is not. */
export function addCheckCommand(program: Command, report: (line: string) => void): void {
  program
    .command('check <folder>')
    .description("verify all of a stopped storage node's data folder: every record of the log, every page, every item")
    .action(async (folder: string) => {
      const problems = await withOfflineNode(folder, (node) => findProblems(node, report));
      for (const problem of problems) report(`PROBLEM  ${problem}`);
      report(problems.length === 0 ? 'sound' : `${problems.length} problems`);
      if (problems.length > 0) process.exitCode = 1;
    });
}

async function findProblems(node: OfflineNode, report: (line: string) => void): Promise<string[]> {
  const problems = node.identity === undefined ? ['the identity file is missing'] : [];
  for (const { file, offset, reason } of node.logDamage) problems.push(`wal/${file} at byte ${offset}: ${reason}`);
  if (node.treeDamage !== undefined) problems.push(`the store of the trees: ${node.treeDamage}`);
  const storeDamage = node.wal.storeDamage();
  if (storeDamage !== undefined) problems.push(`write-ahead log: ${storeDamage}`);
  const groups = node.wal.recovered();
  for (const [group, { damage }] of groups) if (damage !== undefined) problems.push(`log of group ${group}: ${damage}`);
  let derived = 0;
  const trees = await check(node.tree, nodeDigest, (key, value, checksum) => {
    if (compareBytes(key, LOCAL_SPACE_LOW) >= 0) derived += 1;
    return isSoundStoredValue(key, value, checksum, nodeDigest);
  });
  for (const { kind, treeId, pageId, detail } of trees.problems) problems.push(`tree ${treeId}, page ${pageId}: ${kind}: ${detail}`);
  const entries = derived === 0 ? '' : `, ${derived} entries derived from them`;
  const held = `${trees.trees} trees, ${trees.pages} pages, ${trees.items - derived} items${entries}`;
  report(`${groups.size} logs, ${node.wal.totalBytes()} bytes; ${held}`);
  if (trees.orphanCount > 0) report(`${trees.orphanCount} pages that nothing leads to: they cost space, nothing else`);
  return problems;
}
