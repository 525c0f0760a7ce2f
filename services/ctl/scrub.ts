import type { ScrubFinding, ScrubReport } from '../shared/wire/admin.ts';
import { AdminCallError, TransportError } from '../shared/env/transport.ts';
import type { AdminCall } from './init.ts';
import { UserError } from './user-error.ts';

const POLL_MS = 500;
/** A node that does not answer for so long is given up: what it has is not known to be sound. */
const SILENCE_MS = 10_000;

/** What following a scrub needs from outside. */
export interface ScrubParts {
  /** Calls that name no cluster: a node says which one it belongs to. */
  readonly call: AdminCall;
  /** Calls within a cluster. */
  readonly callIn: (clusterId: string) => AdminCall;
  /** A line for the person who waits. */
  readonly report: (line: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
}

export interface ScrubWish {
  /** `HOST:PORT` of storage nodes. */
  readonly addresses: readonly string[];
  /** Begin a pass on each node, or follow the one under way; false: tell only what is known by now. */
  readonly start: boolean;
  /** How long to wait behind the passes for what they found to be repaired. */
  readonly repairMs: number;
}

export interface ScrubResult {
  readonly reports: readonly ScrubReport[];
  /** Nodes that did not answer to the end, with why. */
  readonly silent: ReadonlyMap<string, string>;
}

/** Everything was looked at, and nothing damaged is left. */
export function isAllSound({ reports, silent }: ScrubResult): boolean {
  return silent.size === 0 && reports.every((report) => unrepaired(report).length === 0);
}

export function unrepaired({ findings }: ScrubReport): ScrubFinding[] {
  return findings.filter(({ repaired }) => !repaired);
}

/**
 * Scrubs all these nodes at once and follows them to the end, with a line whenever something has changed. Throws UserError when no
 * node answers, or they belong to different clusters.
 */
export async function scrubNodes(parts: ScrubParts, wish: ScrubWish): Promise<ScrubResult> {
  const clusters = await clusterIds(parts.call, wish.addresses);
  const silent = new Map<string, string>(clusters.silent);
  const call = parts.callIn(clusters.id);
  const followed = await Promise.all(
    wish.addresses.filter((address) => !silent.has(address)).map((address) => follow(parts, call, address, wish, silent)),
  );
  return { reports: followed.filter((report) => report !== undefined), silent };
}

async function clusterIds(call: AdminCall, addresses: readonly string[]): Promise<{ id: string; silent: Map<string, string> }> {
  const silent = new Map<string, string>();
  const ids = new Set<string>();
  for (const address of addresses) {
    try {
      const described = await call(address, { kind: 'describe-node' });
      if (described.kind !== 'node-description') throw new UserError(`${address} is no storage node.`);
      if (described.clusterId === '') throw new UserError(`The node at ${address} belongs to no cluster yet; run \`stator init\` first.`);
      ids.add(described.clusterId);
    } catch (error) {
      silent.set(address, reasonOf(error));
    }
  }
  if (ids.size > 1) throw new UserError(`These nodes belong to different clusters: ${[...ids].join(', ')}.`);
  const [id] = ids;
  if (id === undefined) {
    const reasons = [...silent].map(([address, reason]) => `${address}: ${reason}`).join('; ');
    throw new UserError(`No node answers, so nothing can be scrubbed. Start them and run this again. ${reasons}`);
  }
  return { id, silent };
}

/** The last report of a node; undefined when it gave none. */
async function follow(
  parts: ScrubParts,
  call: AdminCall,
  address: string,
  { start, repairMs }: ScrubWish,
  silent: Map<string, string>,
): Promise<ScrubReport | undefined> {
  let last: ScrubReport | undefined;
  let shown = '';
  let heardAtMs = parts.nowMs();
  let endedAtMs: number | undefined;
  for (let begin = start; ; await parts.sleep(POLL_MS)) {
    try {
      const answer = await call(address, { kind: 'scrub', start: begin });
      if (answer.kind !== 'scrub-report') throw new UserError(`${address} is no storage node.`);
      if (last !== undefined && start && answer.pass < last.pass)
        throw new UserError('it was started again before its pass had ended: run this once more');
      last = answer;
      begin = false;
      heardAtMs = parts.nowMs();
    } catch (error) {
      if (error instanceof UserError || parts.nowMs() - heardAtMs >= SILENCE_MS) {
        silent.set(address, reasonOf(error));
        return last;
      }
      continue;
    }
    const line = progressLine(last);
    if (start && line !== shown) parts.report(line);
    shown = line;
    if (!start) return last;
    if (last.running) continue;
    endedAtMs ??= parts.nowMs();
    if (unrepaired(last).length === 0 || parts.nowMs() - endedAtMs >= repairMs) return last;
  }
}

export function progressLine({ node, pass, running, replicasDone, replicas, pages, bytes, findingsTotal }: ScrubReport): string {
  const state = running ? `${replicasDone} of ${replicas} replicas` : `done, ${replicasDone} replicas`;
  return `${node}  pass ${pass}: ${state}, ${pages} pages, ${(bytes / 1e6).toFixed(1)} MB read, ${findingsTotal} findings`;
}

function reasonOf(error: unknown): string {
  if (error instanceof AdminCallError || error instanceof TransportError || error instanceof UserError) return error.message;
  throw error;
}
