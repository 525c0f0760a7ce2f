import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenize } from './lexer.ts';
import { refuses } from './support.test.ts';

const texts = (text: string): string[] => tokenize(text, 'ConditionExpression', 4096).map((token) => `${token.kind} ${token.text}`);

describe('tokenize', () => {
  it('splits names, placeholders, numbers and operators', () => {
    assert.deepEqual(texts('a_1.#n[12]<=:v<>b>=c<d=e>f+g-h,(i)'), [
      'identifier a_1',
      'symbol .',
      'name #n',
      'symbol [',
      'number 12',
      'symbol ]',
      'symbol <=',
      'value :v',
      'symbol <>',
      'identifier b',
      'symbol >=',
      'identifier c',
      'symbol <',
      'identifier d',
      'symbol =',
      'identifier e',
      'symbol >',
      'identifier f',
      'symbol +',
      'identifier g',
      'symbol -',
      'identifier h',
      'symbol ,',
      'symbol (',
      'identifier i',
      'symbol )',
      'end <EOF>',
    ]);
  });

  it('lets placeholders begin with digits and underscores, but not names', () => {
    assert.deepEqual(texts('#0 :_x 1a _b'), ['name #0', 'value :_x', 'number 1', 'identifier a', 'unknown _', 'identifier b', 'end <EOF>']);
  });

  it('takes a lone # or : and any other character for a token of its own', () => {
    assert.deepEqual(texts('# : é 😀 "'), ['unknown #', 'unknown :', 'unknown é', 'unknown 😀', 'unknown "', 'end <EOF>']);
  });

  it('skips spaces, tabs and line ends', () => {
    assert.deepEqual(texts(' a\t=\r\n:b '), ['identifier a', 'symbol =', 'value :b', 'end <EOF>']);
  });

  it('puts the end where the last token ends', () => {
    const end = tokenize('ab  ', 'ConditionExpression', 4096).at(-1);
    assert.deepEqual([end?.start, end?.end], [2, 2]);
  });

  it('refuses an expression without tokens', () => {
    for (const text of ['', ' \t\r\n']) {
      refuses(() => tokenize(text, 'UpdateExpression', 4096), 'Invalid UpdateExpression: The expression can not be empty;');
    }
  });

  it('takes 4096 bytes of UTF-8 and refuses one more', () => {
    assert.equal(tokenize('a'.repeat(4096), 'FilterExpression', 4096).length, 2);
    refuses(
      () => tokenize('a'.repeat(4097), 'FilterExpression', 4096),
      'Invalid FilterExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    );
    refuses(
      () => tokenize(`${'é'.repeat(2048)}a`, 'ProjectionExpression', 4096),
      'Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    );
  });
});
