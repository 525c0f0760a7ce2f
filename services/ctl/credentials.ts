import { AdminCallError, TransportError } from '../shared/env/transport.ts';
import type { AdminRequest, AdminResponse, CredentialDescription } from '../shared/wire/admin.ts';
import type { AdminCall } from './init.ts';
import { UserError } from './user-error.ts';

/** What calling the auto-admin needs from outside. */
export interface CredentialParts {
  /** Calls that name no cluster: an auto-admin says which one it belongs to. */
  readonly call: AdminCall;
  /** Calls within a cluster. */
  readonly callIn: (clusterId: string) => AdminCall;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
}

const PATIENCE_MS = 15_000;
const PAUSE_MS = 300;
/** What an auto-admin answers that cannot do it just now, and one that another acts for. */
const PASSING = ['unavailable', 'not-active'];

/** The active auto-admin of a cluster, for the calls about credentials, which are all safe to repeat. */
export class CredentialAdmin {
  readonly #parts: CredentialParts;
  readonly #addresses: readonly string[];

  /** `addresses`: `HOST:PORT` of auto-admins of one cluster. */
  constructor(parts: CredentialParts, addresses: readonly string[]) {
    this.#parts = parts;
    this.#addresses = addresses;
  }

  /** `definition` is the JSON of a CredentialDefinition. */
  async create(definition: Uint8Array): Promise<void> {
    await this.#call({ kind: 'create-credential', definition });
  }

  async list(): Promise<readonly CredentialDescription[]> {
    const answer = await this.#call({ kind: 'list-credentials' });
    if (answer.kind !== 'credential-list') throw new UserError(`The auto-admin answered ${answer.kind} instead of a list of credentials.`);
    return answer.credentials;
  }

  /** Throws UserError when there is no such credential. */
  async find(accessKeyId: string): Promise<CredentialDescription> {
    const found = (await this.list()).find((one) => one.accessKeyId === accessKeyId);
    if (found === undefined) throw new UserError(`There is no credential ${accessKeyId}.`);
    return found;
  }

  /** An empty policy: none, so that nothing is allowed. */
  async setPolicy(accessKeyId: string, policy: string): Promise<void> {
    const { generation } = await this.find(accessKeyId);
    await this.#call({ kind: 'set-credential-policy', accessKeyId, policy, overGeneration: generation });
  }

  async revoke(accessKeyId: string): Promise<void> {
    await this.#call({ kind: 'revoke-credential', accessKeyId });
  }

  /** Asks one after the other until the active one answers. Throws UserError with its refusal, or with why none could be asked. */
  async #call(request: AdminRequest): Promise<AdminResponse> {
    const { sleep, nowMs } = this.#parts;
    const deadline = nowMs() + PATIENCE_MS;
    for (;;) {
      let reason = '';
      for (const address of this.#addresses) {
        try {
          return await this.#callAt(address, request);
        } catch (error) {
          if (error instanceof AdminCallError && !PASSING.includes(error.code)) throw new UserError(sentence(error));
          if (!(error instanceof AdminCallError || error instanceof TransportError)) throw error;
          reason = `${address}: ${error.message}`;
        }
      }
      if (nowMs() > deadline)
        throw new UserError(`No active auto-admin answered (${reason}). Nothing is known to have changed; try again.`);
      await sleep(PAUSE_MS);
    }
  }

  async #callAt(address: string, request: AdminRequest): Promise<AdminResponse> {
    const described = await this.#parts.call(address, { kind: 'describe-auto-admin' });
    if (described.kind !== 'auto-admin-description') throw new UserError(`${address} is no auto-admin.`);
    return this.#parts.callIn(described.clusterId)(address, request);
  }
}

function sentence({ code, message }: AdminCallError): string {
  if (code === 'invalid-policy') return `The policy is refused: ${message}.`;
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
