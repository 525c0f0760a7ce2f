import { getAttribute, setAttribute } from '../item/attribute-map.ts';
import type { MutableAttributeMap } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { formatPath } from './document-path.ts';
import type { DocumentPath } from './document-path.ts';
import type { PathSyntax } from './syntax-tree.ts';

/**
 * Document paths that do not overlap, as a tree: each path leads from the root to a leaf of its own. The children of a node
 * are all names, or all list indexes in rising order.
 */
export interface PathTree {
  /** Position of the path that ends here; NO_PATH for a node that leads further. */
  readonly path: number;
  readonly children: ReadonlyMap<string | number, PathTree>;
}

export const NO_PATH = -1;

/** Either the tree or the service's reason why there is none. */
export type PathTreeResult = { readonly tree: PathTree; readonly clash?: undefined } | { readonly clash: string };

interface GrowingNode {
  path: number;
  /** Position of the first path that ends here or leads on from here. */
  readonly first: number;
  children: Map<string | number, GrowingNode>;
}

/** Builds the tree in time linear in the paths. An overlap anywhere is reported before a conflict. */
export function buildPathTree(paths: readonly DocumentPath[]): PathTreeResult {
  const root = newNode(NO_PATH);
  let conflict: string | undefined;
  for (let position = 0; position < paths.length; position += 1) {
    const clash = insert(root, paths, position);
    if (clash === undefined) continue;
    if (clash.kind === 'overlap') return { clash: clash.reason };
    conflict ??= clash.reason;
  }
  if (conflict !== undefined) return { clash: conflict };
  sortIndexes(root);
  return { tree: root };
}

/** The tree of paths without placeholders; undefined when one has some, so that only a request's names tell. */
export function buildFixedTree(paths: readonly PathSyntax[]): PathTreeResult | undefined {
  const fixed: DocumentPath[] = [];
  for (const path of paths) {
    if (path.fixed === undefined) return undefined;
    fixed.push(path.fixed);
  }
  return buildPathTree(fixed);
}

interface Clash {
  /** One path leads to the other, or one takes for a list what the other takes for a map. */
  readonly kind: 'overlap' | 'conflict';
  readonly reason: string;
}

function insert(root: GrowingNode, paths: readonly DocumentPath[], position: number): Clash | undefined {
  let node = root;
  let conflict: Clash | undefined;
  for (const element of paths[position] as DocumentPath) {
    if (node.path !== NO_PATH) return clashOf('overlap', paths, node.path, position);
    let child = node.children.get(element);
    if (child === undefined) {
      for (const sibling of node.children.keys()) {
        // The path is inserted all the same: a later one that overlaps with it is to be found.
        if (typeof sibling !== typeof element) conflict ??= clashOf('conflict', paths, node.first, position);
        break;
      }
      child = newNode(position);
      node.children.set(element, child);
    }
    node = child;
  }
  if (node.first !== position) return clashOf('overlap', paths, node.first, position);
  node.path = position;
  return conflict;
}

function newNode(first: number): GrowingNode {
  return { path: NO_PATH, first, children: new Map() };
}

function clashOf(kind: Clash['kind'], paths: readonly DocumentPath[], one: number, two: number): Clash {
  const [pathOne, pathTwo] = [paths[one] as DocumentPath, paths[two] as DocumentPath].map(formatPath);
  const rule = `Two document paths ${kind} with each other; must remove or rewrite one of these paths`;
  return { kind, reason: `${rule}; path one: ${pathOne}, path two: ${pathTwo}` };
}

function sortIndexes(node: GrowingNode): void {
  if (leadsIntoList(node)) {
    node.children = new Map([...node.children].sort(([one], [two]) => Number(one) - Number(two)));
  }
  for (const child of node.children.values()) sortIndexes(child);
}

/** Whether the children of a node are list indexes. */
export function leadsIntoList(node: PathTree): boolean {
  for (const element of node.children.keys()) return typeof element === 'number';
  return false;
}

/**
 * The part of an item that the paths lead to, in the shape of the item: maps hold only what was asked for, lists only the
 * elements asked for, close together and in their order. A path that leads nowhere adds nothing.
 */
export function selectPaths(tree: PathTree, item: AttributeMap): AttributeMap {
  return selectFromMap(tree, item) ?? {};
}

function selectFromMap(node: PathTree, map: AttributeMap): AttributeMap | undefined {
  let selected: MutableAttributeMap | undefined;
  for (const [name, child] of node.children) {
    const value = select(child, getAttribute(map, name as string));
    if (value === undefined) continue;
    selected ??= {};
    setAttribute(selected, name as string, value);
  }
  return selected;
}

function selectFromList(node: PathTree, list: readonly AttributeValue[]): readonly AttributeValue[] | undefined {
  let selected: AttributeValue[] | undefined;
  for (const [index, child] of node.children) {
    const value = select(child, list[index as number]);
    if (value === undefined) continue;
    selected ??= [];
    selected.push(value);
  }
  return selected;
}

function select(node: PathTree, value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined || node.path !== NO_PATH) return value;
  if (leadsIntoList(node)) {
    const list = 'L' in value ? selectFromList(node, value.L) : undefined;
    return list === undefined ? undefined : { L: list };
  }
  const map = 'M' in value ? selectFromMap(node, value.M) : undefined;
  return map === undefined ? undefined : { M: map };
}
