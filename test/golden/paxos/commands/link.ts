import type { InFlight } from '../environment.ts';

/** `1->2`, `1->*`, `*->2`; undefined matches every link. */
export function matchesLink(item: InFlight, link: string | undefined): boolean {
  if (link === undefined) return true;
  const [from, to] = link.split('->');
  return (from === '*' || Number(from) === item.from) && (to === '*' || Number(to) === item.to);
}
