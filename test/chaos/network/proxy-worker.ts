import { parentPort } from 'node:worker_threads';
import { must } from '../../../services/shared/base/assert.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import { CutProxy, type Links, type Route } from './cut-proxy.ts';

/** An order to the proxy's thread; it answers with the number once it is carried out. */
export type ProxyOrder = { readonly number: number } & (
  | { readonly kind: 'listen'; readonly routes: readonly Route[] }
  | { readonly kind: 'set-links'; readonly links: Links }
  | { readonly kind: 'close' }
);

/** The proxy has a thread of its own: a load generator's busy loop must not look like a slow network. */
const port = must(parentPort, 'this file is the start of a worker thread');
const proxy = new CutProxy(nodeDigest);

port.on('message', (order: ProxyOrder) => {
  void carryOut(order).then(() => port.postMessage(order.number));
});

async function carryOut(order: ProxyOrder): Promise<void> {
  if (order.kind === 'set-links') proxy.setLinks(order.links);
  else if (order.kind === 'close') await proxy.close();
  else for (const route of order.routes) await proxy.listen(route);
}
