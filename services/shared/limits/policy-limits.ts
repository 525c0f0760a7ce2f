/** Limits of credentials and their policies. */

/** Of a policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas": managed policies). */
export const POLICY_CHARACTERS_MAX = 6144;
/** Of a policy, all characters. Ours, so that what is read is bounded. */
export const POLICY_TEXT_CHARACTERS_MAX = 4 * POLICY_CHARACTERS_MAX;
/** Letters, digits and `+=,.@_-` (IAM User Guide, "IAM and AWS STS quotas": names of users). */
export const USER_NAME_CHARACTERS_MAX = 64;
/**
 * Credentials in one catalog, revoked ones that are not forgotten yet included. Ours: every router holds them all, and a list of them
 * with their policies (two bytes a character at most) is one message between processes.
 */
export const CREDENTIALS_MAX = 2000;
