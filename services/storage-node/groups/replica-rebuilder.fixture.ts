import type { SnapshotMessage } from '../../shared/wire/frames.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import type { Group } from './group.ts';
import { ReplicaRebuilder } from './replica-rebuilder.ts';
import { AMPLE_ROOM, type ReplicaWorld } from './replica-world.fixture.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SoleCopies } from './sole-copies.ts';

/** The rebuilder of a node on the stores of one replica; what it puts in place is added to `groups`, what it says to `sent`. Peers are played by the test. */
export function rebuilderOf(world: ReplicaWorld, groups: Group[], sent: SnapshotMessage[] = []): ReplicaRebuilder {
  const { environment, pages, loader, wal } = world;
  const sendSnapshot = (_node: string, message: SnapshotMessage): void => void sent.push(message);
  const links = { connected: () => true, flush: () => undefined, sendSnapshot, nodes: new Set<string>().values() };
  const replaced = (): Promise<void> => Promise.resolve();
  return new ReplicaRebuilder({
    node: 'node-2',
    environment,
    links,
    loader,
    sender: new SnapshotSender({ environment, links, checkpoint: replaced, copies: new SoleCopies(environment.clock) }),
    receiver: new SnapshotReceiver({ environment, pages, links, room: AMPLE_ROOM, rememberRequestsMs: REMEMBER_REQUESTS_MS, replaced }),
    groups: () => groups,
    groupOf: (id) => groups.find((group) => group.id === id),
    logOwner: (group) => wal.group(group)?.replica ?? 0,
    put: (group) => void groups.push(group),
    rebuilding: () => undefined,
  });
}
