import { check } from '../../../services/shared/btree/check.ts';
import { isSoundStoredValue } from '../../../services/shared/item/stored-value.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import type { SimCluster } from '../cluster.ts';

/** Every page that a node's disk holds is where it belongs, and every item in it is what was written; what is wrong, if anything. */
export async function problemOfTrees(cluster: SimCluster): Promise<string | undefined> {
  for (const node of cluster.nodes) {
    const store = node.disk.openTree;
    if (store === undefined) return `${node.name} has no trees open`;
    const report = await check(store, nodeDigest, (key, value, checksum) => isSoundStoredValue(key, value, checksum, nodeDigest));
    const [problem] = report.problems;
    if (problem !== undefined) return `${node.name}: ${report.problemCount} problems, first ${JSON.stringify(problem)}`;
    // Of a tree that was given up, what lies below a damaged page is not found any more.
    if (report.orphanCount > 0 && !node.disk.faults.treesDamaged)
      return `${node.name}: ${report.orphanCount} pages that nothing leads to, first ${report.orphans[0]}`;
    cluster.kernel.trace.line(cluster.kernel.nowMs, node.name, `${report.trees} sound trees, ${report.pages} pages, ${report.items} items`);
  }
  return undefined;
}
