import { USER_NAME_CHARACTERS_MAX } from '../limits/policy-limits.ts';
import type { CredentialDefinition } from './catalog-records.ts';
import { CatalogRecordError } from './record-fields.ts';

/** Names of IAM users (IAM User Guide, "IAM and AWS STS quotas"); without wildcards, so that they stay literal in patterns. */
const USER_NAME = new RegExp(`^[A-Za-z0-9+=,.@_-]{1,${USER_NAME_CHARACTERS_MAX}}$`);
const ACCOUNT = /^\d{12}$/;
/** 16 to 128 of them (IAM API Reference, "AccessKey"). */
const ACCESS_KEY_ID = /^[A-Z0-9]{16,128}$/;

/** Why a user cannot have this name; undefined when it can. */
export function userNameProblem(name: string): string | undefined {
  return USER_NAME.test(name) ? undefined : `a user's name is 1 to ${USER_NAME_CHARACTERS_MAX} letters, digits and +=,.@_-`;
}

/** Where nobody names an account. Twelve zeros are nobody's: the service answers an ARN with them as one of somebody else. */
export const DEFAULT_ACCOUNT = '123456789012';

/** Why this is no account's id; undefined when it is one. */
export function accountProblem(account: string): string | undefined {
  return ACCOUNT.test(account) ? undefined : 'an account is twelve digits';
}

/** What a new credential must keep to. Throws CatalogRecordError. */
export function checkCredential({ accessKeyId, account, userName }: CredentialDefinition): void {
  const idProblem = ACCESS_KEY_ID.test(accessKeyId) ? undefined : 'an access key id is 16 to 128 capital letters and digits';
  const problem = idProblem ?? accountProblem(account) ?? userNameProblem(userName);
  if (problem !== undefined) throw new CatalogRecordError(problem);
}
