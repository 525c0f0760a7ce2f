import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DurableEnd } from './durable-end.ts';
import { BALLOT } from './replica-world.fixture.ts';

describe('how far a log is durable', () => {
  const header = { promised: BALLOT, accepted: BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

  it('ends at the cut as long as what replaces the rest is not written', () => {
    const end = new DurableEnd(10);
    end.began({ header: { ...header, last: 8 }, cutAbove: 7, first: 8, records: [Buffer.from('other')] });
    assert.equal(end.slot, 7);
    end.finished(8);
    assert.equal(end.slot, 8);
  });

  it('does not go over a later cut when an earlier write is done', () => {
    const end = new DurableEnd(5);
    end.began({ header: { ...header, last: 10 }, first: 6, records: [] });
    end.began({ header: { ...header, last: 9 }, cutAbove: 7, first: 8, records: [] });
    end.finished(10);
    assert.equal(end.slot, 7);
    end.finished(9);
    assert.equal(end.slot, 9);
  });
});
