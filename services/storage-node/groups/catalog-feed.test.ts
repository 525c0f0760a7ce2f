import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { WatchFrame } from '../../shared/wire/frames.ts';
import { CatalogFeed, type WatchStream } from './catalog-feed.ts';

function watcher(): WatchStream & { readonly sent: WatchFrame[]; closed: boolean } {
  const sent: WatchFrame[] = [];
  return {
    sent,
    closed: false,
    peer: { clusterId: 'test', name: 'router-1', incarnation: 1 },
    send: (frame) => void sent.push(frame),
    queuedBytes: () => 0,
    onFrame: () => undefined,
    onClose: () => undefined,
    close() {
      this.closed = true;
    },
  };
}

it('ends what is watched when its replica hears of nothing new any more, and serves again later', () => {
  const feed = new CatalogFeed(testEnvironment(new ManualTimers()).logger);
  const [first, second] = [watcher(), watcher()];
  feed.serve(first);
  first.onFrame({ kind: 'subscribe' });
  feed.flush(true);
  assert.deepEqual(
    first.sent.map(({ kind }) => kind),
    ['snapshot', 'changes'],
  );
  feed.dismiss();
  assert.deepEqual([first.closed, feed.watchers], [true, 0]);
  feed.flush(true);
  assert.equal(first.sent.length, 2);
  feed.serve(second);
  second.onFrame({ kind: 'subscribe' });
  assert.deepEqual([second.closed, feed.watchers], [false, 1]);
});
