import { PolicyError } from './policy-error.ts';

/** What `${aws:username}` stands for. A policy belongs to one credential, so variables are filled in when it is read. */
export interface PolicyVariables {
  readonly userName: string;
}

/**
 * The text with its variables filled in; as it is where the policy's version has none. A user's name has no wildcards, so it stays
 * literal in a pattern. Throws PolicyError for every other variable.
 */
export function substitute(text: string, variables: PolicyVariables | undefined, place: string): string {
  if (variables === undefined) return text;
  return text.replace(/\$\{([^}]*)\}?/g, (variable, name: string) => {
    if (variable.endsWith('}') && name.toLowerCase() === 'aws:username') return variables.userName;
    throw new PolicyError(`${place}: the policy variable ${variable} is not supported, only \${aws:username} is`);
  });
}
