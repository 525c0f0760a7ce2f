import { bindCondition, evaluateCondition, parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionError } from '../../services/shared/expression/errors.ts';
import type { AttributeMap } from '../../services/shared/item/attribute-value.ts';
import { ApiError } from '../../services/router/core/api/api-error.ts';
import { checkBody, parseBody } from '../../services/router/core/api/request-body.ts';
import { HOSTILE_BODIES } from '../expressions/hostile-bodies.ts';
import { HOSTILE_TEXTS, type HostileText, parse, use } from '../expressions/hostile-texts.ts';

/**
 * What texts, items and bodies made to be slow cost (test/expressions), as ratios against JSON.parse in the same run: of an ordinary item,
 * byte for byte, and where an item is evaluated, of that item.
 */

const TEXT_BYTES = 4096;
const KIB = 1024;
const MEASURED_MS = 60;
/** A text of four times the length may cost so much more for each byte: more is no longer in proportion. */
const GROWTH_MAX = 3;
const OPERATORS_MAX = 300;
/** Programs held at a time, to see what one takes. */
const HELD = 200;

const failures: string[] = [];

function main(): void {
  const ordinary = ordinaryJson();
  const ordinaryPerKib = bestMicroseconds(() => JSON.parse(ordinary)) / (ordinary.length / KIB);
  console.log(`JSON.parse of an ordinary item: ${ordinaryPerKib.toFixed(2)} µs for a KiB\n`);
  console.log(line('expression of 4 KiB', 'µs', 'µs/KiB', 'x JSON.parse', 'growth', 'heap/byte'));
  const texts = HOSTILE_TEXTS.map((hostile) => measureText(hostile, ordinaryPerKib));
  console.log(`\n${line('evaluation on an item of 400 KB', 'ms', '', 'x JSON.parse', '', '')}`);
  const evaluations = hostileEvaluations().map(([name, text, item, values]) => measureEvaluation(name, text, item, values));
  console.log(`\n${line('body', 'ms', 'µs/KiB', 'x JSON.parse', '', '')}`);
  const bodies = HOSTILE_BODIES.map(({ name, body }) => measureBody(name, body(), ordinaryPerKib));
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  const worst = (all: readonly { readonly ratio: number }[]): number => rounded(Math.max(...all.map(({ ratio }) => ratio)));
  console.log(
    JSON.stringify({
      worstRatios: { texts: worst(texts), evaluations: worst(evaluations), bodies: worst(bodies) },
      texts,
      evaluations,
      bodies,
    }),
  );
}

function measureText(hostile: HostileText, ordinaryPerKib: number): { readonly name: string; readonly ratio: number } {
  const [whole, quarter] = [hostile.text(TEXT_BYTES), hostile.text(TEXT_BYTES / 4)] as const;
  const perKib = (text: string): number => bestMicroseconds(() => use(hostile, text)) / (text.length / KIB);
  let [ours, growth] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // What others do meanwhile can only make it look worse.
  for (let tries = 0; tries < 3 && growth > GROWTH_MAX; tries += 1) {
    ours = Math.min(ours, perKib(whole));
    growth = ours / perKib(quarter);
  }
  if (growth > GROWTH_MAX) failures.push(`${hostile.name}: ${growth.toFixed(1)} times as much for each byte of a text four times as long`);
  const ratio = ours / ordinaryPerKib;
  const total = (ours * whole.length) / KIB;
  console.log(line(hostile.name, total.toFixed(0), ours.toFixed(1), ratio.toFixed(1), growth.toFixed(2), heapPerByte(hostile).toFixed(0)));
  return { name: hostile.name, ratio: rounded(ratio) };
}

/** Bytes of heap that parsed texts hold, for each byte of text; 0 where the text is refused, or nobody can collect garbage. */
function heapPerByte(hostile: HostileText): number {
  const { gc } = globalThis;
  if (gc === undefined) return 0;
  const held: unknown[] = [];
  const text = hostile.text(TEXT_BYTES);
  gc();
  const before = process.memoryUsage().heapUsed;
  try {
    // Each text is another string, as those of requests are.
    for (let at = 0; at < HELD; at += 1) held.push(parse(hostile.kind, Buffer.from(text).toString()));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
  }
  gc();
  return held.length < HELD ? 0 : (process.memoryUsage().heapUsed - before) / (HELD * text.length);
}

type Evaluation = readonly [name: string, text: string, item: AttributeMap, values: AttributeMap];

/** Conditions that compare large values as often as a text can say so. */
function hostileEvaluations(): readonly Evaluation[] {
  const often = (condition: string, connective = ' OR '): string => {
    const count = Math.min(OPERATORS_MAX / 3, Math.floor(TEXT_BYTES / (condition.length + connective.length)));
    return Array(Math.floor(count)).fill(condition).join(connective);
  };
  const list = (): AttributeMap[string] => ({ L: Array.from({ length: 60_000 }, (_, at) => ({ N: String(at % 10) })) });
  const set = (): AttributeMap[string] => ({ SS: Array.from({ length: 50_000 }, (_, at) => String(1_000_000 + at)) });
  const text = 'ab'.repeat(200_000);
  const part = `${'ab'.repeat(50_000)}b`;
  const atItsEnd = { L: [...Array.from({ length: 59_999 }, (_, at) => ({ N: String(at % 10) })), { S: '' }] };
  return [
    ['equal lists', often('a=:v', ' AND '), { a: list() }, { ':v': list() }],
    ['lists unequal at their ends', often('a=:v'), { a: list() }, { ':v': atItsEnd }],
    ['equal sets', often('a<>:v'), { a: set() }, { ':v': set() }],
    ['parts that nearly fit', often('contains(a,:v)'), { a: { S: text } }, { ':v': { S: part } }],
    ['members that are not there', often('contains(a,:v)'), { a: set() }, { ':v': { S: '2' } }],
    ['long strings in order', often('a<:v'), { a: { S: `${text}b` } }, { ':v': { S: `${text}a` } }],
  ];
}

function measureEvaluation(
  name: string,
  text: string,
  item: AttributeMap,
  values: AttributeMap,
): { readonly name: string; readonly ratio: number } {
  const program = parseCondition(text, 'FilterExpression');
  const json = JSON.stringify(item);
  // As a storage node has them: read from JSON, not put together from parts.
  const [stored, given] = [json, JSON.stringify(values)].map((each) => JSON.parse(each) as AttributeMap);
  const ours = bestMicroseconds(() => {
    try {
      evaluateCondition(bindCondition(program, undefined, given), stored);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
    }
  });
  const ratio = ours / bestMicroseconds(() => JSON.parse(json));
  console.log(line(name, (ours / 1000).toFixed(1), '', ratio.toFixed(1), '', ''));
  return { name, ratio: rounded(ratio) };
}

function measureBody(name: string, body: Buffer, ordinaryPerKib: number): { readonly name: string; readonly ratio: number } {
  const ours = bestMicroseconds(() => {
    try {
      checkBody(body);
      parseBody(body);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  });
  const perKib = ours / (body.length / KIB);
  console.log(
    line(
      `${name} (${(body.length / KIB).toFixed(0)} KiB)`,
      (ours / 1000).toFixed(1),
      perKib.toFixed(2),
      (perKib / ordinaryPerKib).toFixed(2),
      '',
      '',
    ),
  );
  return { name, ratio: rounded(perKib / ordinaryPerKib) };
}

/** Microseconds of the fastest of many runs: what others on the machine do meanwhile is not what is measured. */
function bestMicroseconds(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  const endMs = performance.now() + MEASURED_MS;
  let now = performance.now();
  do {
    work();
    const after = performance.now();
    best = Math.min(best, 1000 * (after - now));
    now = after;
  } while (now < endMs);
  return best;
}

/** An item of some forty attributes as people store them. */
function ordinaryJson(): string {
  const attributes = Array.from({ length: 40 }, (_, at) => [
    `attribute${at}`,
    at % 2 === 0 ? { S: `some text of number ${at}` } : { N: String(at * 17) },
  ]);
  return JSON.stringify({ TableName: 'tab', Item: Object.fromEntries(attributes) });
}

function line(name: string, ...cells: readonly string[]): string {
  return name.padEnd(48) + cells.map((cell) => cell.padStart(13)).join('');
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

main();
