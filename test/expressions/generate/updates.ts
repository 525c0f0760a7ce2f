import { clash, type Path } from '../reference/placeholders.ts';
import { call, cased, grouped, separated } from './conditions.ts';
import type { Scene } from './scene.ts';
import { many, numberValue, related, type Scalar, set, shuffled, wireValue } from './values.ts';

const SETS = ['SS', 'NS', 'BS'];

/** Tokens of an update: up to five actions, whose paths seldom clash. */
export function updateTokens(scene: Scene): string[] {
  const { random } = scene;
  const targets: Path[] = [];
  const sections: Record<string, string[][]> = {};
  const removesElements = random.chance(0.15);
  for (let left = 1 + random.below(5); left > 0; left -= 1) {
    const section = removesElements
      ? random.pick(['REMOVE', 'REMOVE', 'SET', 'DELETE'])
      : random.pick(['SET', 'SET', 'SET', 'REMOVE', 'ADD', 'DELETE']);
    const target = removesElements ? elementPath(scene) : targetOf(scene, section);
    if (targets.some((other) => clash(target, other) !== undefined) && random.chance(0.96)) continue;
    targets.push(target);
    sections[section] = [...(sections[section] ?? []), actionTokens(scene, section, target)];
  }
  if (targets.length === 0) return ['REMOVE', ...scene.written(scene.path())];
  const written = Object.entries(sections).map(([section, actions]) => [cased(scene, section), ...separated(actions)]);
  // A section once more than is allowed.
  if (random.chance(0.02)) written.push([random.pick(['SET', 'REMOVE']), ...scene.written(scene.path()), '=', scene.value({ N: '1' })]);
  return shuffled(random, written).flat();
}

function targetOf(scene: Scene, section: string): Path {
  if (section === 'ADD') return scene.target(scene.random.chance(0.9) ? ['N', ...SETS] : undefined);
  return scene.target(section === 'DELETE' && scene.random.chance(0.9) ? SETS : undefined);
}

/** An element of a list of the item, or a place just beyond its end. */
function elementPath(scene: Scene): Path {
  const list = scene.target(['L']);
  const length = (scene.at(list)?.['L'] as readonly unknown[] | undefined)?.length ?? 0;
  return [...list, scene.random.below(length + 2)];
}

function actionTokens(scene: Scene, section: string, target: Path): string[] {
  const path = scene.written(target);
  switch (section) {
    case 'REMOVE':
      return path;
    case 'SET':
      return [...path, '=', ...assignedTokens(scene, target)];
    default:
      return [...path, sectionOperand(scene, section, target)];
  }
}

/** What ADD and DELETE take: mostly what fits, and now and then all members of the set that is there. */
function sectionOperand(scene: Scene, section: string, target: Path): string {
  const { random } = scene;
  const there = scene.at(target);
  const type = Object.keys(there ?? {})[0] ?? '';
  if (there !== undefined && SETS.includes(type)) {
    const members = shuffled(random, there[type] as readonly string[]);
    if (random.chance(0.3)) return scene.value({ [type]: members });
    if (random.chance(0.5)) return scene.value({ [type]: members.slice(0, 1 + random.below(members.length)) });
    if (random.chance(0.8)) return scene.value(set(random, type.slice(0, 1) as Scalar));
  }
  if (section === 'ADD' && random.chance(0.8)) return scene.value(numberValue(random));
  return scene.value(random.chance(0.9) ? set(random, random.pick(['S', 'N', 'B'])) : wireValue(random));
}

function assignedTokens(scene: Scene, target: Path): string[] {
  const { random } = scene;
  const deep = scene.deepPath();
  if (deep !== undefined && random.chance(0.5)) return scene.written(deep);
  switch (random.below(8)) {
    case 0:
    case 1: {
      if (random.chance(0.1)) return extremeSum(scene);
      const sum = [...numberOperand(scene, target), random.pick(['+', '-']), ...numberOperand(scene, target)];
      return random.chance(0.1) ? ['(', ...sum, ')'] : sum;
    }
    case 2:
      return listTokens(scene, 2);
    case 3:
      return defaultTokens(scene, random.chance(0.5) ? target : scene.path(), [scene.value(wireValue(random))]);
    case 4:
      return grouped(scene, scene.written(scene.path(random.chance(0.3) ? ['L', 'M'] : undefined)));
    default:
      return grouped(scene, [scene.value(scene.valueNear(target))]);
  }
}

function numberOperand(scene: Scene, target: Path): string[] {
  const { random } = scene;
  if (random.chance(0.4) || !scene.has('N'))
    return grouped(scene, [scene.value(random.chance(0.97) ? numberValue(random) : wireValue(random))]);
  if (random.chance(0.3)) return defaultTokens(scene, random.chance(0.5) ? target : scene.path(['N']), [scene.value(numberValue(random))]);
  return grouped(scene, scene.written(scene.path(['N'])));
}

/** Just within what can be stored, or just beyond it. */
function extremeSum(scene: Scene): string[] {
  const sums = [
    ['9.9999999999999999999999999999999999999e125', '+', '1e88'],
    ['5e125', '+', '5e125'],
    ['1.5e-130', '-', '1e-130'],
    ['-1e-130', '+', '1.1e-130'],
    ['1.1e-129', '-', '1e-129'],
    ['99999999999999999999999999999999999999', '+', '1'],
  ];
  const [one = '', sign = '', two = ''] = scene.random.pick(sums);
  return [scene.value({ N: one }), sign, scene.value({ N: two })];
}

function listTokens(scene: Scene, depth: number): string[] {
  const { random } = scene;
  const operand = (): string[] => {
    if (depth > 0 && random.chance(0.2)) return listTokens(scene, depth - 1);
    const list = { L: many(random, 0, 2, () => wireValue(random, 1)) };
    if (random.chance(0.2)) return defaultTokens(scene, scene.path(['L']), [scene.value(list)]);
    if (random.chance(0.45) && scene.has('L')) return scene.written(scene.path(['L']));
    return [scene.value(random.chance(0.97) ? list : related(random, list))];
  };
  return call(scene, 'list_append', [operand(), operand()]);
}

function defaultTokens(scene: Scene, path: Path, otherwise: string[]): string[] {
  return call(scene, 'if_not_exists', [scene.written(path), otherwise]);
}
