import type { ReplicaId } from '../base/ids.ts';
import type { Outgoing } from './acceptor.ts';
import type { CatchUp } from './leadership.ts';
import type { PaxosMessage } from './messages.ts';

/** What may leave a replica at once, gathered until its caller asks (`Ready`). What waits for a write is with the acceptor. */
export class Outbox {
  #messages: Outgoing[] = [];
  #catchUps: CatchUp[] = [];

  send(to: ReplicaId, message: PaxosMessage): void {
    this.#messages.push({ to, message });
  }

  /** The caller shall bring a replica near. */
  request(catchUp: CatchUp): void {
    this.#catchUps.push(catchUp);
  }

  /** Whichever of the two brings a replica nearer to the leader's log. */
  bring(replica: ReplicaId, action: PaxosMessage | CatchUp | undefined): void {
    if (action === undefined) return;
    if ('kind' in action) this.send(replica, action);
    else this.request(action);
  }

  takeMessages(): readonly Outgoing[] {
    const messages = this.#messages;
    if (messages.length > 0) this.#messages = [];
    return messages;
  }

  takeCatchUps(): readonly CatchUp[] {
    const catchUps = this.#catchUps;
    if (catchUps.length > 0) this.#catchUps = [];
    return catchUps;
  }
}
