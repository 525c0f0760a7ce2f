import type { GroupId, NodeId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Random } from '../../shared/env/clock.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import {
  decodeLeaderships,
  decodeRefusals,
  encodeLeaderships,
  encodeRefusals,
  type GroupLeadership,
  type LeadershipNews,
} from '../../shared/paxos/heartbeat.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { Heartbeat, HeartbeatAnswer } from '../../shared/wire/frames.ts';
import { ClockRate } from '../core/clock-rate.ts';
import type { GroupIdentity, InstalledSnapshot } from '../core/group-state.ts';
import type { LogStarts } from '../core/log-starts.ts';
import { decodeGroupSlots, encodeGroupSlots, type GroupSlot } from './group-slots.ts';
import type { Fullness } from './disk-room.ts';
import { decodeGroupMarks, decodeOrigins, encodeGroupMarks, encodeOrigins, type GroupMark } from './group-marks.ts';
import type { StateHashWatch } from './state-hash-watch.ts';
import type { TrimFloor } from './trim-floor.ts';

/** What heartbeats are about: a replica of this node. */
export interface BeatingGroup {
  readonly id: GroupId;
  readonly identity: Pick<GroupIdentity, 'members'>;
  readonly stopped: boolean;
  readonly paxos: Pick<PaxosReplica, 'leading' | 'heartbeat' | 'onHeartbeat' | 'onHeartbeatAnswer'>;
  readonly checkpointSlot: Slot;
  readonly sharedFloor: Slot;
  readonly trimFloor: Pick<TrimFloor, 'checkpointOf' | 'raise'>;
  readonly snapshot: InstalledSnapshot;
  readonly ownLogStart: Slot | undefined;
  readonly logStarts: Pick<LogStarts, 'heard'>;
  readonly stateHashes: Pick<StateHashWatch, 'last' | 'heard' | 'originOf'>;
  followCommit(news: LeadershipNews, nowMs: number): void;
}

/** Every so many regular heartbeats, floors, checkpoints and state hashes travel along: they change seldom. */
const FLOORS_EVERY = 5;

/** One heartbeat on its way: what its answer is about. */
interface SentHeartbeat<G> {
  readonly sentAtMs: number;
  readonly led: readonly { readonly group: G; readonly ballot: Ballot; readonly follower: ReplicaId }[];
}

/** What is on its way to one peer. */
interface PeerBook<G> {
  readonly sent: Map<number, SentHeartbeat<G>>;
  /** The hurried heartbeat that is not answered yet. */
  hurried: number | undefined;
  /** Another one was asked for meanwhile. */
  again: boolean;
  /** Groups that had news meanwhile. */
  news: Set<G>;
  regular: number;
  readonly rate: ClockRate;
}

/** The peer's answer: the groups it was about, and what was asked for while it was on its way. */
export interface Answered<G> {
  readonly groups: readonly G[];
  /** Another heartbeat, about all groups. */
  readonly again: boolean;
  /** Another one, about these groups. */
  readonly news: ReadonlySet<G>;
}

/** Older heartbeats than so many are not answered any more: those of ten seconds, at one regular beat every 300 ms. */
const REMEMBERED = 64;

/**
 * One heartbeat for each pair of nodes, for all groups together. The leader's clock is read before anything is sent, the
 * follower's when the frame arrives: a lease counted from the sending never outlasts the grant.
 */
export class Heartbeats<G extends BeatingGroup> {
  readonly #peers = new Map<NodeId, PeerBook<G>>();
  readonly #clockDriftMax: number;
  #sequence: number;
  /** How full the disk of this node is: its answers say so. */
  fullness: Fullness = 0;
  /** Peers whose last answer said that their disks are nearly full, or fuller. */
  readonly peerFullness = new Map<NodeId, Fullness>();
  /** Peers whose monotonic clock was seen to run at another rate than the own one: one of the two keeps no promise about time. */
  readonly differingClocks = new Set<NodeId>();

  /** Each life of the process numbers from somewhere else, so that a late answer to an earlier life counts for nothing. */
  constructor(random: Random, clockDriftMax: number) {
    this.#sequence = random.uint32();
    this.#clockDriftMax = clockDriftMax;
  }

  /**
   * The heartbeat to a peer for the groups led here that have a replica there; undefined when there is none. One hurried
   * heartbeat at a time is on its way to a peer: more would only take the place of those that are remembered.
   */
  make(node: NodeId, groups: Iterable<G>, hurried: boolean, nowMs: number): Heartbeat | undefined {
    const book = this.#book(node);
    if (hurried && book.hurried !== undefined) {
      book.again = true;
      return undefined;
    }
    book.again = false;
    book.news.clear();
    return this.#make(node, book, groups, hurried, nowMs);
  }

  /**
   * A hurried heartbeat about these groups alone: something was chosen in them, and no later message will say so soon. While
   * another hurried one is on its way they wait for its answer.
   */
  makeNews(node: NodeId, groups: ReadonlySet<G>, nowMs: number): Heartbeat | undefined {
    const book = this.#book(node);
    if (book.hurried === undefined) return this.#make(node, book, groups, true, nowMs);
    for (const group of groups) book.news.add(group);
    return undefined;
  }

  #make(node: NodeId, book: PeerBook<G>, groups: Iterable<G>, hurried: boolean, nowMs: number): Heartbeat | undefined {
    const leaderships: GroupLeadership[] = [];
    const led: { group: G; ballot: Ballot; follower: ReplicaId }[] = [];
    for (const group of groups) {
      const follower = group.identity.members.find((member) => member.node === node);
      if (follower === undefined || group.paxos.leading === undefined) continue;
      const news = group.paxos.heartbeat(nowMs);
      if (news === undefined) continue;
      leaderships.push({ group: group.id, ...news });
      led.push({ group, ballot: news.ballot, follower: follower.replica });
    }
    if (led.length === 0) return undefined;
    const sequence = ++this.#sequence;
    book.sent.set(sequence, { sentAtMs: nowMs, led });
    for (const old of book.sent.keys()) {
      if (book.sent.size <= REMEMBERED) break;
      book.sent.delete(old);
    }
    // A regular heartbeat serves whoever waits for a hurried one, also when that one was lost.
    book.hurried = hurried ? sequence : undefined;
    const isDue = !hurried && book.regular++ % FLOORS_EVERY === 0;
    const floors = isDue ? led.map(({ group }) => ({ group: group.id, slot: group.sharedFloor })) : [];
    return { sequence, leaderships: encodeLeaderships(leaderships), floors: encodeGroupSlots(floors) };
  }

  /** A peer's heartbeat: each group grants or refuses. */
  receive(heartbeat: Heartbeat, groupOf: (group: GroupId) => G | undefined, nowMs: number): HeartbeatAnswer {
    const refusals: GroupId[] = [];
    const checkpoints: GroupSlot[] = [];
    const logStarts: GroupSlot[] = [];
    const marks: GroupMark[] = [];
    for (const news of decodeLeaderships(heartbeat.leaderships)) {
      const group = groupOf(news.group);
      if (group === undefined || group.stopped || !group.paxos.onHeartbeat(news, nowMs)) refusals.push(news.group);
      else group.followCommit(news, nowMs);
    }
    for (const { group: id, slot } of decodeGroupSlots(heartbeat.floors)) {
      const group = groupOf(id);
      if (group === undefined || group.stopped || refusals.includes(id)) continue;
      group.trimFloor.raise(slot);
      checkpoints.push({ group: id, slot: group.checkpointSlot });
      if (group.ownLogStart !== undefined) logStarts.push({ group: id, slot: group.ownLogStart });
      const { last } = group.stateHashes;
      if (last === undefined) continue;
      const origin = group.stateHashes.originOf(group.snapshot);
      marks.push(origin === undefined ? { group: id, ...last } : { group: id, ...last, origin });
    }
    return {
      sequence: heartbeat.sequence,
      refusals: encodeRefusals(refusals),
      checkpoints: encodeGroupSlots(checkpoints),
      marks: encodeGroupMarks(marks),
      origins: encodeOrigins(marks),
      logStarts: encodeGroupSlots(logStarts),
      fullness: this.fullness,
      monotonicUs: Math.round(nowMs * 1000),
    };
  }

  answered(node: NodeId, answer: HeartbeatAnswer, nowMs: number): Answered<G> {
    const book = this.#book(node);
    const sent = book.sent.get(answer.sequence);
    if (sent === undefined) return NOTHING;
    book.sent.delete(answer.sequence);
    this.#compareClocks(node, book, sent.sentAtMs, answer.monotonicUs, nowMs);
    const refusals = decodeRefusals(answer.refusals);
    for (const { group, ballot, follower } of sent.led) {
      group.paxos.onHeartbeatAnswer(follower, ballot, sent.sentAtMs, !refusals.has(group.id), nowMs);
    }
    if (answer.fullness === 0) this.peerFullness.delete(node);
    else this.peerFullness.set(node, answer.fullness === 1 ? 1 : 2);
    if (answer.checkpoints.length > 0) {
      tellSlots(sent, answer.checkpoints, ({ trimFloor }, follower, slot) => trimFloor.checkpointOf(follower, slot));
    }
    if (answer.logStarts.length > 0) tellSlots(sent, answer.logStarts, ({ logStarts }, follower, slot) => logStarts.heard(follower, slot));
    if (answer.marks.length > 0) tellMarks(sent, answer);
    const groups = sent.led.map(({ group }) => group);
    if (book.hurried !== answer.sequence) return { groups, again: false, news: NO_NEWS };
    book.hurried = undefined;
    const { again, news } = book;
    book.news = new Set();
    return { groups, again, news };
  }

  #compareClocks(node: NodeId, { rate }: PeerBook<G>, sentAtMs: number, peerUs: number, nowMs: number): void {
    if (peerUs === 0) return;
    rate.heard({ sentAtMs, receivedAtMs: nowMs, peerMs: peerUs / 1000 });
    if (rate.differs(nowMs)) this.differingClocks.add(node);
    else this.differingClocks.delete(node);
  }

  #book(node: NodeId): PeerBook<G> {
    let book = this.#peers.get(node);
    if (book === undefined) {
      book = { sent: new Map(), hurried: undefined, again: false, news: new Set(), regular: 0, rate: new ClockRate(this.#clockDriftMax) };
      this.#peers.set(node, book);
    }
    return book;
  }
}

function tellSlots<G extends BeatingGroup>(
  { led }: SentHeartbeat<G>,
  told: Uint8Array,
  tell: (group: G, follower: ReplicaId, slot: Slot) => void,
): void {
  const slots = new Map(decodeGroupSlots(told).map(({ group, slot }) => [group, slot]));
  for (const { group, follower } of led) {
    const slot = slots.get(group.id);
    if (slot !== undefined) tell(group, follower, slot);
  }
}

function tellMarks<G extends BeatingGroup>({ led }: SentHeartbeat<G>, answer: HeartbeatAnswer): void {
  const marks = new Map(decodeGroupMarks(answer.marks).map(({ group, ...mark }) => [group, mark]));
  const origins = decodeOrigins(answer.origins);
  for (const { group, follower } of led) {
    const mark = marks.get(group.id);
    const origin = origins.get(group.id);
    if (mark !== undefined) group.stateHashes.heard(follower, origin === undefined ? mark : { ...mark, origin });
  }
}

const NO_NEWS: ReadonlySet<never> = new Set<never>();
const NOTHING = { groups: [], again: false, news: NO_NEWS };
