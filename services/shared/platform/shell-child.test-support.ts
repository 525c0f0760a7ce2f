/** A process with a service that does nothing, for tests of the process shell. What it does at which step is an option. */
import { COMMON_OPTIONS } from './common-options.ts';
import { choiceOption, integerOption, secret, textOption } from './options.ts';
import { runProcess } from './process-shell.ts';

await runProcess({
  process: 'test-process',
  description: 'Does nothing.',
  options: {
    ...COMMON_OPTIONS,
    cacheBytes: integerOption({ help: 'Size of the cache.', unit: 'bytes', default: 100, min: 1 }),
    password: secret(textOption({ help: 'Never shown.', default: 'hidden' })),
    behaviour: choiceOption(['good', 'throws', 'rejects', 'fatal', 'start-fails', 'never-starts', 'never-drains'], {
      help: 'What goes wrong.',
      default: 'good',
    }),
  },
  argv: process.argv.slice(2),
  environment: process.env,
  create({ options, environment, incarnation }) {
    const { logger, timers } = environment;
    const { behaviour } = options;
    return Promise.resolve({
      async run() {
        logger.info('service-run', { incarnation, cacheBytes: options.cacheBytes, dataDir: options.dataDir });
        if (behaviour === 'start-fails') throw new Error('no luck', { cause: new Error('deeper') });
        if (behaviour === 'never-starts') await new Promise(() => {});
        if (behaviour === 'throws') timers.after(1, () => throwError());
        if (behaviour === 'rejects') void Promise.reject(new Error('nobody awaits this'));
        if (behaviour === 'fatal') timers.after(1, () => environment.fatal('disk-failed', new Error('EIO')));
      },
      async drain() {
        logger.info('service-drain');
        if (behaviour === 'never-drains') await new Promise(() => {});
      },
      stop() {
        logger.info('service-stop');
        return Promise.resolve();
      },
      notReady: () => undefined,
    });
  },
});

function throwError(): never {
  throw new Error('thrown in a timer');
}
