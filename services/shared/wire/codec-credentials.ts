import type {
  AdminRequest,
  CreateCredential,
  CredentialDescription,
  CredentialList,
  ListCredentials,
  RevokeCredential,
  SetCredentialPolicy,
} from './admin.ts';
import {
  AdminCallTags,
  CreateCredentialTags,
  CredentialDescriptionTags,
  CredentialListTags,
  RevokeCredentialTags,
  SetCredentialPolicyTags,
} from './generated/field-tags.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** The calls about credentials, and their answer. */

type CredentialRequest = CreateCredential | SetCredentialPolicy | RevokeCredential | ListCredentials;

/** Writes the fields of a request; returns the key of the field of AdminCall that holds it. */
export function writeCredentialRequest(writer: ProtoWriter, request: CredentialRequest): number {
  switch (request.kind) {
    case 'create-credential':
      writer.bytes(CreateCredentialTags.definition, request.definition);
      return AdminCallTags.createCredential;
    case 'set-credential-policy':
      writer.uint(SetCredentialPolicyTags.overGeneration, request.overGeneration);
      writer.text(SetCredentialPolicyTags.policy, request.policy);
      writer.text(SetCredentialPolicyTags.accessKeyId, request.accessKeyId);
      return AdminCallTags.setCredentialPolicy;
    case 'revoke-credential':
      writer.text(RevokeCredentialTags.accessKeyId, request.accessKeyId);
      return AdminCallTags.revokeCredential;
    case 'list-credentials':
      return AdminCallTags.listCredentials;
  }
}

/** The request in the field with this key; undefined, and the field passed over, when this version does not know the key. */
export function readCredentialRequest(reader: ProtoReader, tag: number): AdminRequest | undefined {
  switch (tag) {
    case AdminCallTags.createCredential:
      return readCreateCredential(reader);
    case AdminCallTags.setCredentialPolicy:
      return readSetCredentialPolicy(reader);
    case AdminCallTags.revokeCredential:
      return readRevokeCredential(reader);
    case AdminCallTags.listCredentials:
      reader.bytes();
      return { kind: 'list-credentials' };
    default:
      reader.skip(tag);
      return undefined;
  }
}

function readCreateCredential(reader: ProtoReader): CreateCredential {
  const outer = reader.enter();
  let definition: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CreateCredentialTags.definition) definition = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'create-credential', definition };
}

function readSetCredentialPolicy(reader: ProtoReader): SetCredentialPolicy {
  const outer = reader.enter();
  let accessKeyId = '';
  let policy = '';
  let overGeneration = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SetCredentialPolicyTags.accessKeyId) accessKeyId = reader.text();
    else if (tag === SetCredentialPolicyTags.policy) policy = reader.text();
    else if (tag === SetCredentialPolicyTags.overGeneration) overGeneration = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'set-credential-policy', accessKeyId, policy, overGeneration };
}

function readRevokeCredential(reader: ProtoReader): RevokeCredential {
  const outer = reader.enter();
  let accessKeyId = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RevokeCredentialTags.accessKeyId) accessKeyId = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'revoke-credential', accessKeyId };
}

export function writeCredentialList(writer: ProtoWriter, { credentials }: CredentialList): void {
  for (let index = credentials.length - 1; index >= 0; index--) {
    const credential = credentials[index] as CredentialDescription;
    const position = writer.position();
    writer.uint(CredentialDescriptionTags.generation, credential.generation);
    writer.uint(CredentialDescriptionTags.createdAtMs, credential.createdAtMs);
    writer.text(CredentialDescriptionTags.policy, credential.policy);
    writer.text(CredentialDescriptionTags.sealing, credential.sealing);
    writer.text(CredentialDescriptionTags.userName, credential.userName);
    writer.text(CredentialDescriptionTags.account, credential.account);
    writer.text(CredentialDescriptionTags.accessKeyId, credential.accessKeyId);
    writer.nest(CredentialListTags.credentials, position);
  }
}

export function readCredentialList(reader: ProtoReader): CredentialList {
  const outer = reader.enter();
  const credentials: CredentialDescription[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CredentialListTags.credentials) credentials.push(readCredential(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'credential-list', credentials };
}

function readCredential(reader: ProtoReader): CredentialDescription {
  const outer = reader.enter();
  const credential: Mutable<CredentialDescription> = {
    accessKeyId: '',
    account: '',
    userName: '',
    sealing: '',
    policy: '',
    createdAtMs: 0,
    generation: 0,
  };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CredentialDescriptionTags.accessKeyId) credential.accessKeyId = reader.text();
    else if (tag === CredentialDescriptionTags.account) credential.account = reader.text();
    else if (tag === CredentialDescriptionTags.userName) credential.userName = reader.text();
    else if (tag === CredentialDescriptionTags.sealing) credential.sealing = reader.text();
    else if (tag === CredentialDescriptionTags.policy) credential.policy = reader.text();
    else if (tag === CredentialDescriptionTags.createdAtMs) credential.createdAtMs = reader.uint();
    else if (tag === CredentialDescriptionTags.generation) credential.generation = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return credential;
}
