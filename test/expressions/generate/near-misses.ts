import type { Prng } from '../../../services/shared/base/prng.ts';
import type { Scene } from './scene.ts';
import { wireValue } from './values.ts';

const WORDS = [
  ...['a', 'b', 'status', 'Zone', 'size', '#a', '#undefined', ':undefined', '0', '00', '2147483647', '2147483648', '.', '[', ']', '(', ')'],
  ...[',', '=', '<>', '<', '<=', '>', '>=', '+', '-', 'AND', 'or', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'add', 'DELETE'],
  ...['size', 'contains', 'begins_with', 'attribute_exists', 'attribute_type', 'if_not_exists', 'list_append', 'Size', 'mystery'],
  ...['!', '_', '#', ':', 'é', '\u{1F600}', '"', '*', '/', '\u00a0'],
];

/** Does one or two things to tokens, or to names and values, that mostly make an expression wrong, in just one place. */
export function nearMiss(scene: Scene, given: readonly string[]): string[] {
  const tokens = [...given];
  for (let left = 1 + scene.random.below(2); left > 0; left -= 1) change(scene, tokens);
  return tokens;
}

function change(scene: Scene, tokens: string[]): void {
  const { random } = scene;
  const at = random.below(tokens.length);
  switch (random.below(11)) {
    case 0:
      tokens.splice(at, 1);
      break;
    case 1:
      tokens.splice(at, 0, tokens[at] ?? ',');
      break;
    case 2:
      tokens.splice(at, 2, tokens[at + 1] ?? 'a', tokens[at] ?? 'a');
      break;
    case 3:
      tokens.splice(at, 0, random.pick(WORDS));
      break;
    case 4:
    case 5:
      tokens[at] = random.pick(WORDS);
      break;
    case 6:
      tokens[at] = (tokens[at] ?? '').replace(/^[a-z_]+$/i, (word) => otherCase(random, word));
      break;
    case 7:
      insertParentheses(random, tokens);
      break;
    case 8:
      removeOne(random, scene.names);
      break;
    case 9:
      removeOne(random, scene.values);
      break;
    default: {
      const placeholder = Object.keys(scene.values)[random.below(Object.keys(scene.values).length)];
      if (placeholder !== undefined) scene.values[placeholder] = wireValue(random);
    }
  }
}

function insertParentheses(random: Prng, tokens: string[]): void {
  const from = random.below(tokens.length);
  const to = from + 1 + random.below(Math.min(8, tokens.length - from));
  tokens.splice(to, 0, ')');
  tokens.splice(from, 0, '(');
}

function otherCase(random: Prng, word: string): string {
  return random.chance(0.5) ? word.toUpperCase() : word.slice(0, 1).toUpperCase() + word.slice(1);
}

function removeOne(random: Prng, from: Record<string, unknown>): void {
  const keys = Object.keys(from);
  if (keys.length > 0) delete from[random.pick(keys)];
}
