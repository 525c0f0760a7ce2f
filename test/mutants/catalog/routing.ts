import { type Mutant, tests } from '../mutant.ts';

const CLIENT = 'shared/cluster-client/group-client.ts';
const CONNECTION = 'shared/cluster-client/node-connection.ts';
const WALK = 'router/core/storage-client-range.ts';
const OUTCOME = 'router/core/api/storage-outcome.ts';
const BATCH_GET = 'router/handlers/batch-get-item.ts';
const PAGE = 'router/core/api/page.ts';
const SERVER = 'storage-node/groups/request-server.ts';
const OUTBOX = 'storage-node/groups/answer-outbox.ts';
const LANE = 'storage-node/groups/request-lane.ts';

/** The way of a request from the router to a node and back. */
export const ROUTING: readonly Mutant[] = [
  {
    name: 'expired-write-told-as-refusal-though-it-left',
    mistake: 'A write whose deadline passes while a node has it is told to have surely not happened.',
    patches: [{ file: CLIENT, old: '      if (left && request.isWrite) request.uncertain = true;\n', new: '' }],
    detectors: [tests('services/shared/cluster-client/group-client.test.js')],
  },
  {
    name: 'refusal-ends-an-uncertain-write',
    mistake: 'A write that may have been carried out at one node is told as refused when another one is overloaded.',
    patches: [
      {
        file: CLIENT,
        old: 'return request.uncertain ? this.#pause(request) : this.#finish(request, response);',
        new: 'return this.#finish(request, response);',
      },
    ],
    detectors: [tests('services/shared/cluster-client/group-client.test.js')],
  },
  {
    name: 'gone-table-ends-an-uncertain-write',
    mistake: 'A write that may have been carried out is told as refused because its table is gone.',
    patches: [
      {
        file: CLIENT,
        old: 'return this.#finish(request, request.uncertain ? unknownOutcome() : gone);',
        new: 'return this.#finish(request, gone);',
      },
    ],
    detectors: [tests('services/shared/cluster-client/group-client.test.js')],
  },
  {
    name: 'poison-request-repeated-for-ever',
    mistake: 'A request that ends every node that gets it is sent to the next one.',
    patches: [{ file: CLIENT, old: 'if (request.losses >= STREAM_LOSSES_MAX)', new: 'if (request.losses >= 1000 * STREAM_LOSSES_MAX)' }],
    detectors: [tests('services/shared/cluster-client/group-client.test.js')],
  },
  {
    name: 'sent-calls-taken-for-unsent',
    mistake: 'When a stream ends, calls that left count as not sent.',
    patches: [
      {
        file: CONNECTION,
        old: 'if (notSent.has(call)) this.#outcomes.notSent(call);',
        new: 'if (notSent.has(call) || stalled) this.#outcomes.notSent(call);',
      },
      {
        file: CONNECTION,
        old: '    const notSent = new Set(unsent);\n',
        new: '    const notSent = new Set(unsent);\n    const stalled = unsent.length === 0;\n',
      },
    ],
    detectors: [
      tests('services/shared/cluster-client/group-client.test.js'),
      tests('services/shared/cluster-client/node-connection.test.js'),
    ],
  },
  {
    name: 'given-up-requests-begin-later',
    mistake: 'Requests of a stream that has ended, which wait for their turn, are carried out.',
    patches: [
      {
        file: LANE,
        old: '    const left = [...this.#inbox.slice(this.#begun), ...this.#waiting];\n    this.#inbox = [];',
        new: '    const left = [...this.#waiting];',
      },
      { file: LANE, old: '    this.#begun = 0;\n    this.#waiting = [];', new: '    this.#waiting = [];' },
    ],
    detectors: [tests('services/storage-node/groups/request-lane.test.js')],
  },
  {
    name: 'stopping-node-goes-on-serving',
    mistake: 'A node that stops takes requests until its sockets close.',
    patches: [{ file: SERVER, old: '    if (this.#draining) return', new: '    if (this.#draining && outbox.full) return' }],
    detectors: [tests('services/storage-node/groups/request-server.test.js')],
  },
  {
    name: 'stopping-leader-names-itself',
    mistake: 'A node that stops and could not hand over sends routers to itself.',
    patches: [{ file: SERVER, old: 'group === undefined || group.paxos.leading !== undefined ?', new: 'group === undefined ?' }],
    detectors: [tests('services/storage-node/groups/request-server.test.js')],
  },
  {
    name: 'large-answers-unbounded',
    mistake: 'A node reads large items for a router that takes nothing.',
    patches: [
      {
        file: OUTBOX,
        old: 'return this.#largeBytes + this.#reserved >= HELD_BYTES_MAX;',
        new: 'return this.#largeBytes + this.#reserved >= 1000 * HELD_BYTES_MAX;',
      },
    ],
    detectors: [tests('services/storage-node/groups/request-lane.test.js')],
  },
  {
    name: 'large-answers-in-one-turn',
    mistake: 'Everything that was read in a turn is sent in it.',
    patches: [{ file: OUTBOX, old: 'if (bytes >= LARGE_ANSWER_BYTES) {', new: 'if (bytes < 0) {' }],
    detectors: [tests('services/storage-node/groups/request-lane.test.js')],
  },
  {
    name: 'request-bytes-not-counted-off',
    mistake: 'Requests that are answered still count as under way.',
    patches: [{ file: SERVER, old: '      this.#underWayBytes -= bytes;\n', new: '' }],
    detectors: [tests('services/storage-node/groups/request-server.test.js')],
  },
  {
    name: 'range-ends-at-its-first-partition',
    mistake: 'A page says that nothing follows when its partition ends.',
    patches: [
      {
        file: WALK,
        old: 'this.#exhausted = this.#high !== undefined && compareBytes(partition.high, this.#high) >= 0;',
        new: 'this.#exhausted = true;',
      },
    ],
    detectors: [tests('services/router/core/storage-client.test.js')],
  },
  {
    name: 'range-goes-on-at-its-last-key',
    mistake: 'The item at which a slice ended is read again by the next one.',
    patches: [{ file: WALK, old: 'else this.#low = successor(range.lastKey);', new: 'else this.#low = range.lastKey;' }],
    detectors: [tests('services/router/core/storage-client.test.js')],
  },
  {
    name: 'batch-says-nothing-was-changed',
    mistake: 'A batch of which a part has an unknown outcome is told to have changed nothing.',
    patches: [{ file: OUTCOME, old: 'storageFailure(unknown ?? unavailable ??', new: 'storageFailure(unavailable ?? unknown ??' }],
    detectors: [tests('services/router/handlers/batch-actions.test.js')],
  },
  {
    name: 'unknown-outcome-told-as-outage',
    mistake: 'A write that may have been carried out is told to have changed nothing.',
    patches: [
      {
        file: OUTCOME,
        old: "    case 'unknown-outcome':\n    case 'number-refused':\n      return internalServerError(UNKNOWN_OUTCOME);",
        new: "    case 'unknown-outcome':\n    case 'number-refused':\n      return serviceUnavailable(UNKNOWN_OUTCOME);",
      },
    ],
    detectors: [tests('services/router/handlers/api-endpoint.test.js')],
  },
  {
    name: 'unread-keys-not-given-back',
    mistake: 'BatchGetItem leaves out the keys for which it had no room.',
    patches: [{ file: BATCH_GET, old: '        sorted.left.push(key);\n', new: '' }],
    detectors: [tests('services/router/handlers/batch-actions.test.js')],
  },
  {
    name: 'page-ends-without-saying-so',
    mistake: 'A page that was cut short has no key to go on from.',
    patches: [{ file: PAGE, old: '  page.more ||= isFull(page, fields.limit);\n', new: '  page.more = false;\n' }],
    detectors: [tests('services/router/handlers/page-actions.test.js')],
  },
];
