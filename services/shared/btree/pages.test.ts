import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from './key-order.ts';
import { testDigest } from './memory-store.fixture.ts';
import { bufferBytes, PageBuffers } from './page-buffers.ts';
import { PageCache } from './page-cache.ts';
import { seal } from './page-format.ts';
import { PageIdSet } from './page-id-set.ts';
import { decodePageAlone } from './page-reader.ts';
import { decodeInterior, InteriorPage, LeafPage, overflowImage } from './pages.ts';
import { PageReference } from './totals.ts';

function reference(id: number): PageReference {
  return new PageReference(id, { items: id * 3, itemBytes: id * 100, hashA: -id, hashB: id });
}

const separators = fc
  .uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 5, max: 3 }), {
    selector: (bytes) => Buffer.from(bytes).toString('hex'),
    maxLength: 20,
  })
  .map((list) => [new Uint8Array(0), ...list.sort(compareKeys)]);

function interiorOf(list: readonly Uint8Array[]): InteriorPage {
  return new InteriorPage(
    12,
    1,
    [...list],
    list.map((_, index) => reference(index + 1)),
    false,
  );
}

describe('interior page', () => {
  it('is the format that README.md draws', () => {
    const page = new InteriorPage(2 ** 33, 2, [new Uint8Array(0), Buffer.from('m')], [reference(1), reference(7)], false);
    assert.equal(
      seal(page.encode(), testDigest).toString('hex'),
      [
        '35edc797',
        '01',
        '02',
        '0002',
        '0000000200000000',
        ['0000000000000001', '0000000000000003', '0000000000000064', 'ffffffff', '00000001', '0000'].join(''),
        ['0000000000000007', '0000000000000015', '00000000000002bc', 'fffffff9', '00000007', '0001', '6d'].join(''),
      ].join(''),
    );
  });

  it('comes back as it was, and knows its length', () => {
    fc.assert(
      fc.property(separators, (list) => {
        const page = interiorOf(list);
        const image = page.encode();
        assert.equal(image.length, page.encodedBytes);
        const back = decodeInterior(12, image);
        assert.deepEqual(back.children, page.children);
        assert.deepEqual(
          back.separators.map((bytes) => Buffer.from(bytes)),
          page.separators.map((bytes) => Buffer.from(bytes)),
        );
        assert.equal(back.encodedBytes, image.length);
      }),
    );
  });

  it('names the child for a key, and the child for the keys below it', () => {
    fc.assert(
      fc.property(separators, fc.uint8Array({ maxLength: 5, max: 3 }), (list, key) => {
        const page = interiorOf(list);
        assert.equal(page.childIndex(key), list.filter((separator) => compareKeys(separator, key) <= 0).length - 1);
        assert.equal(page.childIndexBelow(key), Math.max(0, list.filter((separator) => compareKeys(separator, key) < 0).length - 1));
      }),
    );
  });

  it('keeps its length right through inserts, removals and cuts', () => {
    fc.assert(
      fc.property(separators, fc.nat(), fc.nat(), (list, at, cutAt) => {
        fc.pre(list.length >= 3);
        const page = interiorOf(list);
        page.remove(at % page.children.length);
        assert.equal(page.encode().length, page.encodedBytes);
        page.insert(page.children.length, [Buffer.from([9, 9]), Buffer.from([9, 9, 9])], [reference(50), reference(51)]);
        assert.equal(page.encode().length, page.encodedBytes);
        const cut = page.cutFrom(1 + (cutAt % (page.children.length - 1)));
        assert.equal(page.encode().length, page.encodedBytes);
        const right = new InteriorPage(13, 1, cut.separators, cut.children, false);
        assert.equal(right.encode().length, right.encodedBytes);
        assert.equal(page.children.length + right.children.length, list.length + 1);
      }),
    );
  });

  it('with bytes behind its last child is damaged', () => {
    const image = Buffer.concat([interiorOf([new Uint8Array(0)]).encode(), Buffer.from([0])]);
    assert.throws(() => decodePageAlone(seal(image, testDigest), 1, 12, 1, testDigest), { name: 'PageDamagedError' });
    assert.throws(() => decodePageAlone(seal(image.subarray(0, 40), testDigest), 1, 12, 1, testDigest), { name: 'PageDamagedError' });
  });
});

describe('overflow page', () => {
  it('is the format that README.md draws', () => {
    const image = seal(overflowImage(5, Buffer.from('value'), 0x01020304), testDigest);
    assert.equal(image.toString('hex'), ['c42902f8', '01', 'ff', '0000', '0000000000000005', '01020304', '76616c7565'].join(''));
  });
});

describe('PageCache', () => {
  const buffers = new PageBuffers();

  function leaf(id: number, bytes = 1000): LeafPage {
    return new LeafPage(id, buffers.take(bytes), true);
  }

  it('evicts what was not used for longest, roughly, and never what is dirty or being written', () => {
    const cache = new PageCache(20 * 1424, new PageBuffers());
    const dirty = leaf(1);
    dirty.dirty = true;
    const writing = leaf(2);
    writing.writing = true;
    cache.add(dirty);
    cache.add(writing);
    for (let id = 3; id < 200; id++) {
      cache.startOperation();
      cache.add(leaf(id));
      cache.get(3);
      cache.evict();
      assert.ok(cache.bytes <= 20 * 1424);
    }
    assert.equal(cache.has(1) && cache.has(2) && cache.has(3) && cache.has(199), true);
    assert.equal(cache.pages, 20);
    assert.equal(cache.evictions, 199 - 20);
    dirty.dirty = false;
    cache.settle(dirty);
    for (let id = 200; id < 300; id++) {
      cache.startOperation();
      cache.add(leaf(id));
      cache.evict();
    }
    assert.deepEqual([cache.has(1), cache.has(2)], [false, true]);
  });

  it('evicts nothing that one of the last operations used, over the budget if need be', () => {
    const cache = new PageCache(0, new PageBuffers());
    for (let id = 1; id <= 10; id++) cache.add(leaf(id));
    cache.evict();
    assert.equal(cache.pages, 10);
    for (let operation = 0; operation < 16; operation++) cache.startOperation();
    cache.get(4);
    cache.evict();
    cache.evict();
    assert.deepEqual([cache.pages, cache.has(4)], [1, true]);
  });

  it('counts bytes up and down to nothing', () => {
    const cache = new PageCache(1_000_000, buffers);
    const pages = Array.from({ length: 50 }, (_, id) => leaf(id, 100 * id));
    for (const page of pages) cache.add(page);
    for (const page of pages) {
      page.image = buffers.resize(page.image, 7);
      cache.resize(page);
    }
    assert.equal(
      cache.bytes,
      pages.reduce((sum, page) => sum + 400 + bufferBytes(page.image), 0),
    );
    for (const page of pages) cache.remove(page);
    assert.deepEqual([cache.bytes, cache.pages], [0, 0]);
  });
});

describe('PageBuffers', () => {
  it('never gives the same memory to two, and keeps what is in an image when its length changes', () => {
    const step = fc.record({ kind: fc.constantFrom('take', 'resize', 'give'), at: fc.nat(), length: fc.integer({ min: 1, max: 10_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const buffers = new PageBuffers();
        const held: { image: Buffer; mark: number }[] = [];
        steps.forEach(({ kind, at, length }, mark) => {
          const one = held[at % Math.max(1, held.length)];
          if (kind === 'take') {
            held.push({ image: buffers.take(length).fill(mark), mark });
          } else if (one !== undefined && kind === 'resize') {
            const kept = Math.min(length, one.image.length);
            one.image = buffers.resize(one.image, length);
            assert.ok(one.image.subarray(0, kept).every((byte) => byte === one.mark));
            one.image.fill(one.mark);
          } else if (one !== undefined) {
            buffers.give(one.image);
            held.splice(held.indexOf(one), 1);
          }
          for (const { image, mark: expected } of held) assert.ok(image.every((byte) => byte === expected));
          assert.ok(held.every(({ image }) => bufferBytes(image) - image.length <= 2048));
        });
      }),
    );
  });

  it('uses the buffers of gone pages again', () => {
    const buffers = new PageBuffers();
    const first = buffers.take(3000);
    const memory = first.buffer;
    buffers.give(first);
    assert.equal(buffers.take(3050).buffer, memory);
    assert.notEqual(buffers.take(3050).buffer, memory);
  });
});

describe('PageIdSet', () => {
  it('is a set', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(200), fc.integer({ min: 65_500, max: 65_600 }), fc.maxSafeNat())), (ids) => {
        const set = new PageIdSet();
        const model = new Set<number>();
        for (const id of ids) {
          assert.equal(set.has(id), model.has(id));
          assert.equal(set.add(id), !model.has(id));
          model.add(id);
          assert.equal(set.has(id), true);
        }
      }),
    );
  });
});
