import { AdminCallError } from '../../shared/env/transport.ts';
import { OWN_WRITES_SEEN_MS } from '../../shared/limits/auto-admin-limits.ts';
import { CREDENTIALS_MAX, POLICY_CHARACTERS_MAX } from '../../shared/limits/policy-limits.ts';
import { credentialKey } from '../../shared/placement/catalog-keys.ts';
import type { CredentialDefinition, CredentialRecord, RevokedCredentialRecord } from '../../shared/placement/catalog-records.ts';
import { checkCredential } from '../../shared/placement/credential-rules.ts';
import { CatalogRecordError } from '../../shared/placement/record-fields.ts';
import { parseCredentialDefinition, parseCredentialEntry, serializeRecord } from '../../shared/placement/record-format.ts';
import { parsePolicy } from '../../shared/policy/policy-parser.ts';
import { PolicyError } from '../../shared/policy/policy-error.ts';
import type { AdminResponse, CreateCredential, CredentialList, RevokeCredential, SetCredentialPolicy } from '../../shared/wire/admin.ts';
import { CHANGE_ATTEMPTS, type HandlerContext, requireActive, unsettled } from './handler-context.ts';

/**
 * The calls about credentials. Each is safe to repeat, and a copy that arrives late changes nothing: access key ids are never used
 * again, a revoked credential stays under its key for an hour, and a policy is set over a generation that the caller saw. Secrets
 * come sealed, and nothing here could unseal them.
 */

const DONE: AdminResponse = { kind: 'done' };

/** Refusals: `invalid-credential`, `invalid-policy`, `credential-exists`, `too-many-credentials`. */
export async function createCredential(context: HandlerContext, request: CreateCredential): Promise<AdminResponse> {
  requireActive(context);
  const definition = readDefinition(request.definition);
  checkPolicy(definition.policy, definition.userName);
  const { accessKeyId } = definition;
  const { view } = context.cluster.watcher;
  if ([...view.credentials()].length + [...view.revokedCredentials()].length >= CREDENTIALS_MAX) {
    throw new AdminCallError('too-many-credentials', `there are ${CREDENTIALS_MAX} credentials, revoked ones of the last hour included`);
  }
  const record: CredentialRecord = { ...definition, status: 'ACTIVE', generation: 1 };
  const write = await context.cluster.catalog.write(credentialKey(accessKeyId), serializeRecord(record), record.generation, undefined);
  if (write.outcome === 'written') return seen(context, write.slot);
  const present = await read(context, accessKeyId);
  if (present === undefined) throw unsettled(`credential ${accessKeyId} was created`);
  // Created by an earlier copy of this call, and perhaps revoked or changed since.
  if (present.record.status === 'REVOKED' || present.record.sealedSecret === definition.sealedSecret) return DONE;
  throw new AdminCallError('credential-exists', `there is a credential ${accessKeyId} already`);
}

/** Refusals: `credential-not-found`, `invalid-policy`, `credential-changed` (somebody else set another policy meanwhile). */
export async function setCredentialPolicy(context: HandlerContext, request: SetCredentialPolicy): Promise<AdminResponse> {
  requireActive(context);
  const { accessKeyId, overGeneration } = request;
  const policy = request.policy === '' ? undefined : request.policy;
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const present = await readActive(context, accessKeyId);
    const { policy: before, ...rest } = present.record;
    checkPolicy(policy, rest.userName);
    if (rest.generation === overGeneration + 1 && before === policy) return seen(context, present.slot);
    if (rest.generation !== overGeneration) {
      throw new AdminCallError('credential-changed', `credential ${accessKeyId} was changed meanwhile: look at it again`);
    }
    const record: CredentialRecord = { ...rest, ...(policy === undefined ? {} : { policy }), generation: overGeneration + 1 };
    const write = await context.cluster.catalog.write(
      credentialKey(accessKeyId),
      serializeRecord(record),
      record.generation,
      overGeneration,
    );
    if (write.outcome === 'written') return seen(context, write.slot);
  }
  throw unsettled(`the policy of credential ${accessKeyId} was set`);
}

/** One that is revoked already is no error. Refusals: `credential-not-found`. */
export async function revokeCredential(context: HandlerContext, { accessKeyId }: RevokeCredential): Promise<AdminResponse> {
  requireActive(context);
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const present = await read(context, accessKeyId);
    if (present === undefined) throw notFound(accessKeyId);
    if (present.record.status === 'REVOKED') return seen(context, present.slot);
    const { generation } = present.record;
    const revokedAtMs = Math.floor(context.clock.wallMs());
    const record: RevokedCredentialRecord = { accessKeyId, status: 'REVOKED', generation: generation + 1, revokedAtMs };
    const write = await context.cluster.catalog.write(credentialKey(accessKeyId), serializeRecord(record), record.generation, generation);
    if (write.outcome === 'written') return seen(context, write.slot);
  }
  throw unsettled(`credential ${accessKeyId} was revoked`);
}

/** All that are not revoked, without their secrets, by account, name and time. */
export function listCredentials(context: HandlerContext): CredentialList {
  requireActive(context);
  const credentials = [...context.cluster.watcher.view.credentials()].map(
    ({ accessKeyId, account, userName, sealing, policy = '', createdAtMs, generation }) => {
      return { accessKeyId, account, userName, sealing, policy, createdAtMs, generation };
    },
  );
  const order = (one: CredentialList['credentials'][number]): string =>
    [one.account, one.userName, String(one.createdAtMs).padStart(16, '0'), one.accessKeyId].join('/');
  credentials.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { kind: 'credential-list', credentials };
}

/** Answers once this process sees its write, so that whoever lists afterwards does, too. */
async function seen(context: HandlerContext, slot: number): Promise<AdminResponse> {
  await context.cluster.watcher.caughtUpTo(slot, OWN_WRITES_SEEN_MS);
  return DONE;
}

async function read(context: HandlerContext, accessKeyId: string) {
  const item = await context.cluster.catalog.read(credentialKey(accessKeyId));
  return item && { record: parseCredentialEntry(item.json), slot: item.slot };
}

async function readActive(context: HandlerContext, accessKeyId: string): Promise<{ record: CredentialRecord; slot: number }> {
  const present = await read(context, accessKeyId);
  if (present?.record.status !== 'ACTIVE') throw notFound(accessKeyId);
  return { record: present.record, slot: present.slot };
}

function notFound(accessKeyId: string): AdminCallError {
  return new AdminCallError('credential-not-found', `there is no credential ${accessKeyId}`);
}

function readDefinition(json: Uint8Array): CredentialDefinition {
  try {
    const definition = parseCredentialDefinition(json);
    checkCredential(definition);
    return definition;
  } catch (error) {
    if (error instanceof CatalogRecordError) throw new AdminCallError('invalid-credential', error.message);
    throw error;
  }
}

function checkPolicy(policy: string | undefined, userName: string): void {
  if (policy === undefined) return;
  if (policy.length > POLICY_CHARACTERS_MAX) {
    throw new AdminCallError('invalid-policy', `a policy is stored with at most ${POLICY_CHARACTERS_MAX} characters`);
  }
  try {
    parsePolicy(policy, { userName });
  } catch (error) {
    if (error instanceof PolicyError) throw new AdminCallError('invalid-policy', error.message);
    throw error;
  }
}
