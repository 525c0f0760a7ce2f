import { Prng } from '../../../services/shared/base/prng.ts';
import { type ExpressionCase, type KeySchemaOfCase, KINDS, type Kind } from '../case.ts';
import { clash, type Path } from '../reference/placeholders.ts';
import { conditionTokens, keyConditionTokens, separated } from './conditions.ts';
import { tokensAtLimit } from './limits.ts';
import { nearMiss } from './near-misses.ts';
import { Scene } from './scene.ts';
import { updateTokens } from './updates.ts';
import { many, shuffled } from './values.ts';

const NEAR_MISSES = 0.2;
const AT_LIMITS = 0.025;
const BYTES_MAX = 4096;

/** The case of a seed: always the same one. */
export function caseOf(seed: number): ExpressionCase {
  const random = new Prng(seed);
  const kind = random.pick<Kind>([...KINDS, 'condition', 'condition', 'filter', 'update', 'update', 'update']);
  const scene = new Scene(random);
  const key = kind === 'key-condition' ? anyKey(random) : undefined;
  const atLimit = random.chance(AT_LIMITS);
  const tokens = atLimit ? tokensAtLimit(scene, kind) : tokensOf(scene, kind, key);
  const written = !atLimit && random.chance(NEAR_MISSES) ? nearMiss(scene, tokens) : tokens;
  const text = random.chance(0.002) ? ' ' : withBlanks(random, written, atLimit);
  return {
    kind,
    text: random.chance(0.003) ? padded(random, text) : text,
    names: scene.names,
    values: scene.values,
    items: key === undefined ? scene.items() : [scene.item],
    key,
  };
}

function tokensOf(scene: Scene, kind: Kind, key: KeySchemaOfCase | undefined): string[] {
  if (kind === 'update') return updateTokens(scene);
  if (kind === 'projection') return separated(projectedPaths(scene).map((path) => scene.written(path)));
  return key === undefined ? conditionTokens(scene) : keyConditionTokens(scene, key);
}

function projectedPaths(scene: Scene): readonly Path[] {
  const paths: Path[] = [];
  for (const path of many(scene.random, 1, 6, () => scene.path())) {
    if (scene.random.chance(0.02)) paths.push([...path, 'a'], [...path, 0]);
    if (scene.random.chance(0.05) || paths.every((other) => clash(path, other) === undefined)) paths.push(path);
  }
  return paths;
}

/** Mostly a table's key; else one of an index of several attributes. */
function anyKey(random: Prng): KeySchemaOfCase {
  const names = shuffled(random, ['a', 'status', 'b', 'd1', 'Key', 'toString', 'c', 'é']);
  const several = random.chance(0.5);
  const partition = 1 + (several && random.chance(0.5) ? random.below(4) : 0);
  const sort = random.below(several ? 5 : 2);
  const parts = names.map((name) => ({ name, type: random.pick(['S', 'N', 'B'] as const) }));
  return { partition: parts.slice(0, partition), sort: parts.slice(partition, partition + sort) };
}

/** Blanks only where they are needed, or anywhere. */
function withBlanks(random: Prng, tokens: readonly string[], sparing: boolean): string {
  const generous = !sparing && random.chance(0.7);
  let text = '';
  for (const token of tokens) {
    const needed = runTogether(text, token);
    text +=
      needed || (generous && random.chance(0.8)) ? `${random.chance(0.95) ? ' ' : random.pick(['\t', '\n', '\r', '  '])}${token}` : token;
  }
  return text;
}

/** Whether two tokens would be read as others if nothing stood between them. */
function runTogether(text: string, token: string): boolean {
  const pair = text.slice(-1) + token.slice(0, 1);
  return /^\w\w$|^[<>][=>]$|^[#:]\w$/.test(pair);
}

/** To the last length that is allowed, or to the first that is not. */
function padded(random: Prng, text: string): string {
  const missing = BYTES_MAX + random.below(2) - Buffer.byteLength(text);
  return missing <= 0 ? text : random.chance(0.5) ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}
