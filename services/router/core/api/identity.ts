import type { Policy } from '../../../shared/policy/policy.ts';

/** What is known of an access key. */
export interface Credential {
  readonly secret: string;
  readonly account: string;
  /** Absent: the account's root, whom no policy binds. */
  readonly user?: PolicyUser;
}

/** A user with the policy of the credential; may do what the policy allows and nothing else. */
export interface PolicyUser {
  readonly name: string;
  readonly policy: Policy;
}

/** `unreadable`: there is such a credential, but this process cannot unseal its secret. */
export type CredentialLookup = (accessKeyId: string) => Credential | 'unreadable' | undefined;

/** Who signed a request. Plain data, so that it can be sent to a thread. */
export interface Identity {
  readonly accessKeyId: string;
  readonly account: string;
  /** Undefined: the account's root. */
  readonly user: PolicyUser | undefined;
}

/** As messages name who it was ("IAM identifiers" of the IAM User Guide). */
export function principalArn({ account, user }: Identity): string {
  return `arn:aws:iam::${account}:${user === undefined ? 'root' : `user/${user.name}`}`;
}
