import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionReader } from '../../services/shared/expression/expression-reader.ts';
import { ApiClient } from '../harness/api-client.ts';
import { HOSTILE_BODIES } from './hostile-bodies.ts';
import { HOSTILE_TEXTS, use } from './hostile-texts.ts';
import { refusedBy } from './messages.ts';

const BYTES_MAX = 4096;
/** How often the reader may look at a token, for each byte of the text: it asks a handful of questions about each token. */
const LOOKS_PER_BYTE = 20;
/** An answer is never longer, whatever it shows of a request. */
const ANSWER_BYTES_MAX = 10_000;

/** Looks at tokens that the parsers take meanwhile. */
function looksDuring(work: () => void): number {
  const own = Object.getOwnPropertyDescriptor(ExpressionReader.prototype, 'token');
  assert.ok(own?.get);
  let looks = 0;
  const look = own.get;
  Object.defineProperty(ExpressionReader.prototype, 'token', {
    ...own,
    get(this: ExpressionReader) {
      looks += 1;
      return look.call(this);
    },
  });
  try {
    work();
  } finally {
    Object.defineProperty(ExpressionReader.prototype, 'token', own);
  }
  return looks;
}

describe('an expression made to be slow', () => {
  for (const hostile of HOSTILE_TEXTS) {
    it(`is answered, or refused by a text of the service: ${hostile.name}`, () => {
      const text = hostile.text(BYTES_MAX);
      assert.ok(Buffer.byteLength(text) > BYTES_MAX - 100 && Buffer.byteLength(text) <= BYTES_MAX, String(Buffer.byteLength(text)));
      const refusal = use(hostile, text);
      if (refusal !== undefined) assert.ok(refusedBy(refusal).kind.length > 0);
    });

    it(`costs work in proportion to its length: ${hostile.name}`, () => {
      const [whole, quarter] = [BYTES_MAX, BYTES_MAX / 4].map((bytes) => looksDuring(() => use(hostile, hostile.text(bytes))));
      assert.ok(whole !== undefined && quarter !== undefined && whole > 0);
      assert.ok(whole <= LOOKS_PER_BYTE * BYTES_MAX, `${whole} looks at tokens`);
      assert.ok(whole <= 4.5 * quarter + 64, `${quarter} looks at tokens for a quarter of the text, ${whole} for all of it`);
    });
  }

  it('is not read at all when it is too long', () => {
    for (const hostile of HOSTILE_TEXTS) {
      let refusal: string | undefined;
      const text = hostile.text(64 * BYTES_MAX);
      assert.equal(
        looksDuring(() => (refusal = use(hostile, text))),
        0,
      );
      assert.match(
        refusal ?? '',
        new RegExp(`Expression size has exceeded the maximum allowed size; expression size: ${Buffer.byteLength(text)}$`),
      );
    }
  });

  it('leads to paths that hold no more elements than are allowed, however often they go on behind parentheses', () => {
    // The reader looks through a path where it goes on, and copies it: for 1,000 paths of up to 1,000 elements that would be half a million.
    let elements = 0;
    const every = Array.prototype.every;
    Array.prototype.every = function (this: unknown[], ...others: Parameters<typeof every>): boolean {
      elements += this.length;
      return every.apply(this, others);
    } as typeof every;
    try {
      assert.throws(() => parseCondition(`:v=${'('.repeat(1000)}a${').b'.repeat(1000)}`, 'ConditionExpression'), /redundant parentheses/);
    } finally {
      Array.prototype.every = every;
    }
    assert.ok(elements > 1000 && elements < 50_000, `${elements} elements`);
  });
});

describe('a body made to be slow', () => {
  for (const { name, operation, body, answer, unparsed } of HOSTILE_BODIES) {
    it(`is answered shortly: ${name}`, async () => {
      const client = new ApiClient();
      await client.createTable('tab');
      const bytes = body();
      const parse = JSON.parse;
      let seen = 0;
      JSON.parse = (text: string, ...others) => {
        seen += text.length;
        return parse(text, ...others) as unknown;
      };
      try {
        const { text } = await client.sendBytes(operation, bytes);
        assert.match(text, answer);
        assert.ok(text.length <= ANSWER_BYTES_MAX, `${text.length} bytes`);
      } finally {
        JSON.parse = parse;
      }
      // The harness reads the answer, too.
      assert.ok(seen <= ANSWER_BYTES_MAX + (unparsed ? 0 : bytes.length), `JSON.parse saw ${seen} characters`);
    });
  }
});
