/** A process of its own that serves streams and answers each request, for tests that kill it: `node <this file> <port>`. */
import { testTransport } from './transport.test-support.ts';

const { transport } = testTransport({ name: 'child', port: Number(process.argv[2] ?? 0) });
await transport.listen({
  requests: (stream) => {
    stream.onFrame = (frame) => stream.send({ responses: frame.requests.map(({ id }) => ({ id, status: 'ok' })) });
    stream.onClose = () => {};
  },
});
process.send?.(transport.port());
// The parent's end is the child's: no process is left behind.
process.on('disconnect', () => process.exit());
