import type { Acceptor } from './acceptor.ts';
import type { Grants } from './grants.ts';
import type { Membership } from './membership.ts';
import type { PaxosOptions } from './options.ts';
import type { Outbox } from './outbox.ts';

/** What a replica has whatever it is just now: leader, candidate or follower. */
export interface ReplicaParts {
  readonly options: PaxosOptions;
  readonly acceptor: Acceptor;
  readonly grants: Grants;
  readonly membership: Membership;
  readonly outbox: Outbox;
}
