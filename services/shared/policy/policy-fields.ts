import { PolicyError } from './policy-error.ts';

/** The members of an object of a policy, as they were written. */
export type PolicyFields = Readonly<Record<string, unknown>>;

export function asObject(value: unknown, place: string): PolicyFields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyError(`${place} is not an object`);
  return value as PolicyFields;
}

/** One value, or a list of at least one. */
export function asList(value: unknown, place: string): readonly unknown[] {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (list.length === 0) throw new PolicyError(`${place} is empty`);
  return list;
}

export function nonEmptyText(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw new PolicyError(`${place} is not a text`);
  return value;
}

/** Throws for the first member that is none of those known. */
export function refuseOthers(fields: PolicyFields, known: readonly string[], place: string): void {
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other !== undefined) throw new PolicyError(`${place} has the element ${other}, which is not supported in an identity policy`);
}
