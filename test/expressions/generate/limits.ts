import type { Kind } from '../case.ts';
import { separated } from './conditions.ts';
import type { Scene } from './scene.ts';

/** Expressions at a limit: the last that is allowed, the first that is not, or one more. Undefined where the kind has no such limit. */
export function tokensAtLimit(scene: Scene, kind: Kind): string[] {
  const { random } = scene;
  const about = (limit: number): number => limit - 1 + random.below(4);
  const path = ['a', ...Array.from({ length: about(31) }, () => (random.chance(0.5) ? ['.', 'b'] : ['[', '0', ']'])).flat()];
  if (kind === 'projection') return path;
  if (kind === 'update') {
    if (random.chance(0.3)) return ['SET', ...path, '=', scene.value({ N: '1' })];
    const [one, list] = [scene.value({ N: '1' }), scene.value({ L: [] })];
    // Sums and calls: both count.
    const calls = random.chance(0.5) ? 40 : 0;
    const sums = Array.from({ length: about(300) - calls }, (_, at) => [`x${at}`, '=', 'a', '+', one]);
    const lists = Array.from({ length: calls }, (_, at) => [`y${at}`, '=', 'list_append', '(', list, ',', list, ')']);
    return ['SET', ...separated([...sums, ...lists])];
  }
  switch (random.below(3)) {
    case 0:
      return [...path, '=', scene.value({ N: '1' })];
    case 1: {
      const candidate = scene.value({ N: '1' });
      return ['a', 'IN', '(', ...separated(Array.from({ length: about(100) }, () => [candidate])), ')'];
    }
    default: {
      const one = scene.value({ N: '1' });
      const negations = Array.from({ length: about(2) }, () => 'NOT');
      // Two operators for each, or three: comparator, connective and function.
      const operand = random.chance(0.5) ? ['a'] : ['size', '(', 'a', ')'];
      const length = operand.length === 1 ? 150 : 100;
      const comparisons = Array.from({ length }, (_, at) => [
        ...(at === 0 ? [] : [random.chance(0.5) ? 'AND' : 'OR']),
        ...operand,
        '=',
        one,
      ]);
      return [...negations, ...comparisons.flat()];
    }
  }
}
