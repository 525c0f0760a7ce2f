import { binaryContent, INVALID, listContent, numberContent, refuse, stringContent } from './canonical-scalar.ts';
import type { Walk } from './canonical-scalar.ts';
import { areMembersSorted, sortMembers } from './set-members.ts';
import type { SetType } from './set-members.ts';

/**
 * The sorted members of a client's set; the same array when they are sorted already. An empty set and two members of
 * the same value are refused, not mended, as the service does.
 */
export function canonicalSet(walk: Walk, type: SetType, raw: unknown): readonly string[] {
  const given = listContent(raw);
  if (given.length === 0) refuse(walk, EMPTY[type]);
  const members = canonicalMembers(walk, type, given);
  if (areMembersSorted(type, members)) return members;
  const sorted = sortMembers(type, members);
  if (!areMembersSorted(type, sorted)) refuse(walk, duplicates(type, members));
  return sorted;
}

/** With the service's own two spaces. */
const EMPTY: Readonly<Record<SetType, string>> = {
  SS: `${INVALID}An string set  may not be empty`,
  NS: `${INVALID}An number set  may not be empty`,
  BS: `${INVALID}Binary sets should not be empty`,
};

function canonicalMembers(walk: Walk, type: SetType, given: readonly unknown[]): readonly string[] {
  let copy: unknown[] | undefined;
  for (let at = 0; at < given.length; at++) {
    const raw = given[at];
    const member = canonicalMember(walk, type, raw);
    if (member === raw) continue;
    copy ??= [...given];
    copy[at] = member;
  }
  return (copy ?? given) as readonly string[];
}

function canonicalMember(walk: Walk, type: SetType, raw: unknown): string {
  if (raw === null) {
    refuse(walk, `${INVALID}A set may not have a null as a member`);
    return type === 'NS' ? '0' : '';
  }
  if (type === 'SS') return stringContent(walk, raw);
  return type === 'NS' ? numberContent(walk, raw) : binaryContent(raw);
}

function duplicates(type: SetType, members: readonly string[]): string {
  if (type === 'NS') return 'Input collection contains duplicates';
  const listed = `${INVALID}Input collection [${members.join(', ')}]`;
  return type === 'SS' ? `${listed} contains duplicates.` : `${listed}of type BS contains duplicates.`;
}
