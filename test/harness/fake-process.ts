import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

/**
 * Stands in for a process of the cluster where only its life is tested: it takes the same options, listens at the same ports and
 * says that it is ready. STATOR_FAKE=NAME:crash | NAME:unready | NAME:deaf (to SIGTERM) | NAME:late (to accept connections) makes the
 * process of that name misbehave.
 */
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: '' },
    listen: { type: 'string' },
    'http-listen': { type: 'string' },
    'metrics-listen': { type: 'string', default: '' },
  },
  strict: false,
});

const [name, misbehaviour] = (process.env['STATOR_FAKE'] ?? '').split(':');
const behaviour = name === values.name ? misbehaviour : undefined;

console.log(JSON.stringify({ event: 'started', threads: process.env['UV_THREADPOOL_SIZE'], arguments: process.argv.slice(2) }));
if (behaviour === 'crash') throw new Error('this process crashes at its start');
if (behaviour === 'deaf') process.on('SIGTERM', () => {});
else process.once('SIGTERM', () => process.exit(0));

/** How often a late process still says that it is starting. */
let startingAnswers = behaviour === 'late' ? 5 : 0;
if (startingAnswers === 0) listenToOthers();

createHttpServer((request, response) => {
  if (request.url === '/readyz' && startingAnswers > 0) {
    response.writeHead(503).end('starting');
    if (--startingAnswers === 0) listenToOthers();
    return;
  }
  const ready = request.url === '/healthz' || behaviour !== 'unready';
  response.writeHead(ready ? 200 : 503).end(ready ? 'ok' : 'waits for something that never comes');
}).listen(portOf(String(values['metrics-listen'])), '127.0.0.1');

function listenToOthers(): void {
  for (const address of [values.listen, values['http-listen']]) {
    if (typeof address === 'string') createServer().listen(portOf(address), '127.0.0.1');
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
