import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { decodeLogRecord } from '../../shared/wal/log-record.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import { messageOfFailure } from '../core/failed-request.ts';
import type { Answer, WriteEvaluator, WriteOperation } from '../core/write-evaluator.ts';
import type { IndexAccounts } from './index-accounts.ts';
import type { Respond } from './pending-answers.ts';

/** Answers a write that was executed before, from its record: it is not executed again. */
export class ExecutedWrites {
  readonly #group: GroupId;
  readonly #paxos: Pick<PaxosReplica, 'recordAt'>;
  readonly #wal: Pick<WriteAheadLog, 'read'>;
  readonly #evaluator: WriteEvaluator;
  readonly #environment: Environment;
  readonly #accounts: Pick<IndexAccounts, 'withUnits'>;

  constructor(parts: {
    group: GroupId;
    paxos: Pick<PaxosReplica, 'recordAt'>;
    wal: Pick<WriteAheadLog, 'read'>;
    evaluator: WriteEvaluator;
    environment: Environment;
    accounts: Pick<IndexAccounts, 'withUnits'>;
  }) {
    this.#group = parts.group;
    this.#paxos = parts.paxos;
    this.#wal = parts.wal;
    this.#evaluator = parts.evaluator;
    this.#environment = parts.environment;
    this.#accounts = parts.accounts;
  }

  /** Repeats the answer of the write that was executed in `slot`; `respond` is called once, now or when the record is read back. */
  answer(operation: WriteOperation, slot: Slot, respond: Respond): void {
    const bytes = this.#paxos.recordAt(slot);
    if (bytes !== undefined) return respond(this.#answerOfRecord(operation, bytes, slot));
    const gone = (): void => respond({ status: 'unknown-outcome', message: 'the write was executed, but its record is gone' });
    this.#wal.read(this.#group, slot, slot, 1).then(
      // Chosen without this replica's own disk, and not in memory any more: it is in the log a moment later.
      ([record]) => (record === undefined ? gone() : respond(this.#answerOfRecord(operation, record, slot))),
      gone,
    );
  }

  #answerOfRecord(operation: WriteOperation, bytes: Uint8Array, slot: Slot): Answer {
    const { digest, logger } = this.#environment;
    try {
      const record = decodeLogRecord(bytes, digest);
      const { oldImage, newValue, oldSize } = record;
      const answer = this.#evaluator.repeat(operation, oldImage, newValue, oldSize, slot);
      // What an index takes follows from both images. Where the record does not hold the old one, nothing is told.
      const isKnown = oldSize === 0 || oldImage !== undefined;
      return isKnown ? this.#accounts.withUnits(operation, oldImage, newValue, answer) : answer;
    } catch (error) {
      return { status: 'unknown-outcome', message: `the write was executed, but ${messageOfFailure(error, logger)}` };
    }
  }
}
