import type { ReplicaId } from '../../services/shared/base/ids.ts';
import { DEFAULT_PAXOS_OPTIONS, type PaxosOptions } from '../../services/shared/paxos/options.ts';

/** What may happen in a search, and how often. Everything that may happen is tried in every order. */
export interface Spec {
  readonly name: string;
  readonly members: readonly ReplicaId[];
  /** Replicas that are no members, and may become some. */
  readonly newcomers: readonly ReplicaId[];
  /** Swaps of a member for a newcomer, one after the other. */
  readonly swaps: number;
  /** Records are proposed up to this slot. */
  readonly slots: number;
  /** Candidacies in all. */
  readonly ballots: number;
  /** Crashes of each replica, and of all together: between any two steps and before any write. */
  readonly crashesEach: number;
  readonly crashes: number;
  /** Messages that come once more. */
  readonly duplicates: number;
  /** How often time passes by `timeStepMs`, for all machines. Without leases it need not. */
  readonly times: number;
  readonly timeStepMs: number;
  /** What happens first, by the beginnings of the steps' descriptions: the search begins behind it. */
  readonly beginning: readonly string[];
  /** Writes that stay under way while other things happen. */
  readonly delays: number;
  /** What is chosen is applied in a step of its own: a page of the tree may have to be read first. */
  readonly appliesLate: boolean;
  /** Checkpoints that trim the log. */
  readonly checkpoints: number;
  /** Logs that are found to be damaged at a restart. */
  readonly damages: number;
  readonly heartbeats: boolean;
  readonly handOvers: boolean;
  /** Leaders start over with followers that are silent. */
  readonly retries: boolean;
  readonly options: PaxosOptions;
}

const PLAIN: PaxosOptions = { ...DEFAULT_PAXOS_OPTIONS, leases: false };

const NOTHING = {
  members: [1, 2, 3],
  newcomers: [],
  swaps: 0,
  crashesEach: 0,
  crashes: 0,
  duplicates: 0,
  times: 0,
  timeStepMs: 1000,
  beginning: [],
  delays: 0,
  appliesLate: false,
  checkpoints: 0,
  damages: 0,
  heartbeats: false,
  handOvers: false,
  retries: false,
  options: PLAIN,
};

/** Replica 1 leads, synced with replica 2. */
const LED = [
  '1 stands for election above round 0',
  '2 takes from 1: prepare',
  '1 takes from 2: promise',
  '2 takes from 1: sync',
  '1 takes from 2: accepted',
];
/** It has chosen a record with replica 2, which does not know. */
const CHOSEN = [...LED, '1 propose', '2 takes from 1: accept', '1 takes from 2: accepted'];
/** And a second one; replica 3 knows nothing. */
const CHOSEN_TWO = [...CHOSEN, '1 propose', '2 takes from 1: accept', '1 takes from 2: accepted'];
/** It leads, and holds a lease by the grant of replica 2. */
const LEASED = [...LED, '1 heartbeat', '2 takes from 1: heartbeat', '1 takes from 2: heartbeat-answer'];
/** Replica 1 proposes three records that nobody takes; 2 and 3 choose two others, which 2 then has in its tree alone. */
const DIVERGED = [
  ...[...LED, '1 propose', '1 propose', '1 propose'],
  ...['2 stands for election above round 1', '3 takes from 2: prepare', '2 takes from 3: promise'],
  ...['3 takes from 2: sync', '2 takes from 3: accepted'],
  ...['2 propose', '3 takes from 2: accept', '2 takes from 3: accepted'],
  ...['2 propose', '3 takes from 2: accept', '2 takes from 3: accepted', '2 checkpoint'],
];
const ONE_CRASH = { crashesEach: 1, crashes: 1 };
const WITH_LEASES = { heartbeats: true, times: 3, options: { ...PLAIN, leases: true } };
/** Followers that lack anything chosen are brought near from the WAL or by a snapshot. */
const SHORT_WINDOW: PaxosOptions = { ...PLAIN, windowBytesMax: 0, syncBytesMax: 0 };

/** Replica 1 has chosen with replica 2 that 4 takes the place of 3; nobody but 1 knows. */
const SWAPPED = [...LED, '1 swaps 3 for 4', '2 takes from 1: accept', '1 takes from 2: accepted'];
/** Then it leads the new configuration with 4, and has chosen a record there; 2 and 3 were a quorum of the old one. */
const CHOSEN_AFTER_SWAP = [
  ...[...SWAPPED, '4 takes from 1: prepare', '1 takes from 4: learned', '4 takes from 1: learn', '1 takes from 4: promise'],
  ...['4 takes from 1: sync', '1 takes from 4: accepted', '1 propose', '4 takes from 1: accept', '1 takes from 4: accepted'],
];
/** The same with replica 3, which leaves, as the one that accepted the Swap: 2 knows nothing of it. */
const CHOSEN_WITHOUT_TWO = CHOSEN_AFTER_SWAP.map((step) => {
  const at = CHOSEN_AFTER_SWAP.indexOf(step);
  return at < SWAPPED.length ? step.replace('2 takes', '3 takes').replace('from 2:', 'from 3:') : step;
});
const ONE_SWAP = { newcomers: [4], swaps: 1 };

/** Replica 1 proposes two records that nobody takes; 2 and 3 choose that 4 takes the place of 3. */
const SWAPPED_ELSEWHERE = [
  ...[...LED, '1 propose', '1 propose', '2 stands for election above round 1', '3 takes from 2: prepare', '2 takes from 3: promise'],
  ...['3 takes from 2: sync', '2 takes from 3: accepted', '2 swaps 3 for 4', '3 takes from 2: accept', '2 takes from 3: accepted'],
];
/**
 * Replica 1 holds a lease and has chosen that 4 takes the place of 3, but not applied it; 2 has, and leads with 4, which has
 * accepted a record that 1 will never see. Replica 3 still follows 1.
 */
const SUCCEEDED = [
  ...[...LED, '3 takes from 1: prepare', ...LEASED.slice(LED.length), '1 swaps 3 for 4', '2 takes from 1: accept'],
  ...['1 takes from 2: accepted', '1 heartbeat', '2 takes from 1: heartbeat', '2 apply', '2 stands for election above round 0'],
  ...['4 takes from 2: prepare', '2 takes from 4: learned', '4 takes from 2: learn', '4 apply', '2 takes from 4: promise'],
  ...['4 takes from 2: sync', '2 takes from 4: accepted', '2 propose', '4 takes from 2: accept'],
];

export const SPECS: readonly Spec[] = [
  { ...NOTHING, name: 'two-ballots', slots: 1, ballots: 2 },
  { ...NOTHING, ...ONE_CRASH, name: 'crash', slots: 1, ballots: 2 },
  { ...NOTHING, name: 'duplicate', slots: 1, ballots: 2, duplicates: 1 },
  { ...NOTHING, name: 'slow-disk', slots: 1, ballots: 2, delays: 1 },
  { ...NOTHING, name: 'heartbeats', slots: 1, ballots: 2, heartbeats: true },
  { ...NOTHING, name: 'hand-over', slots: 1, ballots: 2, handOvers: true },
  { ...NOTHING, name: 'two-slots', slots: 2, ballots: 2 },
  { ...NOTHING, name: 'retries', slots: 1, ballots: 2, retries: true },
  { ...NOTHING, name: 'three-ballots', slots: 1, ballots: 3 },
  { ...NOTHING, ...ONE_CRASH, name: 'behind-one-chosen', slots: 2, ballots: 2, beginning: CHOSEN },
  { ...NOTHING, ...ONE_CRASH, name: 'behind-two-chosen', slots: 3, ballots: 3, beginning: CHOSEN_TWO },
  { ...NOTHING, name: 'catch-up', slots: 3, ballots: 2, retries: true, beginning: CHOSEN_TWO, options: SHORT_WINDOW },
  { ...NOTHING, name: 'snapshot', slots: 3, ballots: 3, checkpoints: 1, beginning: CHOSEN_TWO, options: SHORT_WINDOW },
  { ...NOTHING, ...ONE_CRASH, name: 'snapshot-crash', slots: 2, ballots: 2, checkpoints: 1, beginning: CHOSEN_TWO, options: SHORT_WINDOW },
  {
    ...{ ...NOTHING, ...ONE_CRASH, name: 'snapshot-over-another-log', slots: 3, ballots: 3, checkpoints: 1, damages: 1 },
    ...{ beginning: DIVERGED, options: SHORT_WINDOW },
  },
  { ...NOTHING, name: 'damage', slots: 2, ballots: 3, damages: 1, crashesEach: 1, crashes: 1, retries: true, beginning: CHOSEN },
  { ...NOTHING, ...WITH_LEASES, name: 'leases', slots: 0, ballots: 2, beginning: LED },
  { ...NOTHING, ...WITH_LEASES, name: 'lease-reads', slots: 1, ballots: 2, beginning: LEASED },
  { ...NOTHING, ...WITH_LEASES, ...ONE_CRASH, name: 'leases-crash', slots: 0, ballots: 2, beginning: LEASED },
  { ...NOTHING, ...WITH_LEASES, name: 'leases-hand-over', slots: 0, ballots: 2, handOvers: true, beginning: LEASED },
  { ...NOTHING, ...ONE_SWAP, name: 'swap', slots: 2, ballots: 3, beginning: LED },
  { ...NOTHING, ...ONE_SWAP, name: 'swap-two-leaders', slots: 1, ballots: 3, beginning: CHOSEN.slice(0, LED.length) },
  { ...NOTHING, ...ONE_SWAP, ...ONE_CRASH, name: 'swap-crash', slots: 2, ballots: 3, beginning: SWAPPED },
  { ...NOTHING, ...ONE_SWAP, name: 'chosen-after-swap', slots: 3, ballots: 4, beginning: CHOSEN_AFTER_SWAP },
  { ...NOTHING, ...ONE_SWAP, ...ONE_CRASH, name: 'chosen-without-two', slots: 2, ballots: 4, beginning: CHOSEN_WITHOUT_TWO },
  { ...NOTHING, ...ONE_SWAP, name: 'swap-snapshot', slots: 3, ballots: 3, checkpoints: 1, beginning: SWAPPED, options: SHORT_WINDOW },
  {
    ...{ ...NOTHING, ...ONE_SWAP, ...ONE_CRASH, name: 'swap-snapshot-over-another-log', slots: 3, ballots: 4 },
    ...{ beginning: SWAPPED_ELSEWHERE, options: SHORT_WINDOW },
  },
  { ...NOTHING, ...ONE_SWAP, ...WITH_LEASES, name: 'swap-leases', slots: 2, ballots: 2, beginning: LEASED },
  { ...NOTHING, ...ONE_SWAP, ...WITH_LEASES, name: 'swap-applied-late', slots: 2, ballots: 2, appliesLate: true, beginning: SUCCEEDED },
  { ...NOTHING, ...ONE_SWAP, name: 'two-swaps', slots: 3, ballots: 3, swaps: 2, newcomers: [4, 5], beginning: SWAPPED },
  { ...NOTHING, name: 'everything', slots: 3, ballots: 3, crashesEach: 1, crashes: 3, heartbeats: true, retries: true, handOvers: true },
  // Crashes of each replica, a Swap and a message that comes twice, as deep as the number of states allows.
  { ...NOTHING, ...ONE_SWAP, name: 'crashes-and-swap', slots: 3, ballots: 3, crashesEach: 1, crashes: 3, duplicates: 1, beginning: LED },
];

export function specNamed(name: string): Spec {
  const spec = SPECS.find((each) => each.name === name);
  if (spec === undefined) throw new Error(`there is no spec ${name}: ${SPECS.map((each) => each.name).join(', ')}`);
  return spec;
}
