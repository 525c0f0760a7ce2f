/** A rule for one value, and how the service words it: "Value '…' at '…' failed to satisfy constraint: Member must …". */
export interface Constraint {
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
}

export const NOT_NULL_TEXT = 'Member must not be null';

/** For members of lists; fields say `notNull`. */
export const notNull: Constraint = { text: NOT_NULL_TEXT, holds: (value) => value !== null };

export function oneOf(...allowed: readonly string[]): Constraint {
  return { text: `Member must satisfy enum value set: [${allowed.join(', ')}]`, holds: (value) => allowed.includes(value as string) };
}

export function atLeast(minimum: number): Constraint {
  return { text: `Member must have value greater than or equal to ${minimum}`, holds: (value) => (value as number) >= minimum };
}

export function atMost(maximum: number): Constraint {
  return { text: `Member must have value less than or equal to ${maximum}`, holds: (value) => (value as number) <= maximum };
}

export function lengthAtLeast(minimum: number): Constraint {
  return { text: `Member must have length greater than or equal to ${minimum}`, holds: (value) => lengthOf(value) >= minimum };
}

export function lengthAtMost(maximum: number): Constraint {
  return { text: `Member must have length less than or equal to ${maximum}`, holds: (value) => lengthOf(value) <= maximum };
}

const NAME_CHARACTERS = '[a-zA-Z0-9_.-]+';
const NAME_FORM = /^[a-zA-Z0-9_.-]+$/;

/** The characters of table and index names. */
export const nameCharacters: Constraint = {
  text: `Member must satisfy regular expression pattern: ${NAME_CHARACTERS}`,
  holds: (value) => NAME_FORM.test(value as string),
};

/** Every key of a map satisfies all of the rules. */
export function mapKeys(...rules: readonly Constraint[]): Constraint {
  return {
    text: `Map keys must satisfy constraint: [${rules.map((rule) => rule.text).join(', ')}]`,
    holds: (value) => Object.keys(value as object).every((key) => rules.every((rule) => rule.holds(key))),
  };
}

/** Every value of a map satisfies all of the rules. */
export function mapValues(...rules: readonly Constraint[]): Constraint {
  return {
    text: `Map value must satisfy constraint: [${rules.map((rule) => rule.text).join(', ')}]`,
    holds: (value) => Object.values(value as object).every((member) => rules.every((rule) => rule.holds(member))),
  };
}

/** Every member of a list satisfies all of the rules. */
export function listMembers(...rules: readonly Constraint[]): Constraint {
  return {
    text: `Member must satisfy constraint: [${rules.map((rule) => rule.text).join(', ')}]`,
    holds: (value) => (value as readonly unknown[]).every((member) => rules.every((rule) => rule.holds(member))),
  };
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}
