import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from './timeline.ts';
import { timelineSvg } from './timeline-svg.ts';

function timeline(): Timeline {
  const made = new Timeline([1, 2], 1000);
  for (let atMs = 0; atMs <= 500; atMs += 50) made.acknowledgedWrite(1, 1000 + atMs);
  made.acknowledgedWrite(2, 1100);
  made.acknowledgedWrite(2, 1430);
  return made;
}

test('the longest gap is that of the worst partition, and one that lasts to the end counts', () => {
  assert.equal(timeline().longestGapMs(200, 440), 330);
  assert.equal(timeline().longestGapMs(200, 900), 470);
  assert.equal(timeline().longestGapMs(440, 500), 70);
});

test('a partition that never writes has one gap as long as the run', () => {
  assert.equal(new Timeline([1], 0).longestGapMs(100, 700), 700);
});

test('writes are back when every partition has one', () => {
  assert.equal(timeline().backAfterMs(200), 230);
  assert.equal(timeline().backAfterMs(440), undefined);
});

test('a picture has what happened, its marks, and the empty tenths of a second', () => {
  const shown = timeline();
  shown.mark('SIGKILL <node-a>', 1200);
  shown.failed(2000);
  assert.equal(shown.buckets.length, 11);
  assert.deepEqual(shown.buckets[7], { writes: 0, reads: 0, failed: 0 });
  const svg = timelineSvg('a "title"', shown);
  assert.match(svg, /^<svg /);
  assert.match(svg, /SIGKILL &lt;node-a&gt;/);
  assert.match(svg, /a &quot;title&quot;/);
});
