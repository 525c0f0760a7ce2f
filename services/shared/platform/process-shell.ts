import { SECOND_MS } from '../base/units.ts';
import type { Environment, Service } from '../env/environment.ts';
import type { Logger } from '../env/logger.ts';
import { systemClock, systemTimers } from './clock.ts';
import type { CommonOptions } from './common-options.ts';
import { metricsAddress } from './common-options.ts';
import { nodeDigest } from './digest.ts';
import type { HttpServer } from './http-server.ts';
import type { ProcessLogger } from './logger.ts';
import { createLogger } from './logger.ts';
import { watchLoopLag } from './loop-lag.ts';
import { PrometheusMetrics } from './metrics.ts';
import { createOperationsServer } from './operations-server.ts';
import type { OptionTable, ParsedOptions } from './options.ts';
import { OptionsError, parseOptions } from './options.ts';
import { newIncarnation, systemRandom } from './random.ts';

/** Time for work under way to end after SIGTERM, and then for everything to be closed. */
const DRAIN_LIMIT_MS = 20 * SECOND_MS;
const STOP_LIMIT_MS = 10 * SECOND_MS;

/** Time for the last lines of the log. */
const FLUSH_LIMIT_MS = SECOND_MS;

/** Exit statuses: wrong options are the caller's mistake, everything else that fails is 1. */
const EXIT_FAILED = 1;
const EXIT_WRONG_OPTIONS = 2;

export interface ProcessDefinition<Options extends CommonOptions> {
  /** `router`, `storage-node`… */
  readonly process: string;
  /** One sentence, for `--help`. */
  readonly description: string;
  /** COMMON_OPTIONS and the process's own. */
  readonly options: OptionTable<Options>;
  /** `process.argv` without node and script, and `process.env`. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Makes the service; nothing of it runs before its `run`. */
  create(context: ProcessContext<Options>): Promise<Service>;
}

export interface ProcessContext<Options> {
  readonly options: Options;
  readonly environment: Environment;
  /** Random number of this life of the process. */
  readonly incarnation: number;
}

/**
 * Runs a process from its options to its end: options, log, metrics, operations server, service; on SIGTERM or SIGINT drain, stop,
 * exit 0; on anything uncaught a log line and exit 1.
 */
export async function runProcess<Options extends CommonOptions>(definition: ProcessDefinition<Options>): Promise<void> {
  const { process: name, description, argv, environment } = definition;
  const program = { name: `stator ${name}`, description };
  let parsed: ParsedOptions<Options>;
  try {
    parsed = parseOptions(program, definition.options, argv, environment);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    process.stderr.write(`${program.name}: wrong options; --help lists them\n${error.message}\n`);
    process.exitCode = EXIT_WRONG_OPTIONS;
    return;
  }
  if (parsed.kind === 'help') {
    process.stdout.write(parsed.text);
    return;
  }
  await new ProcessShell(definition, parsed.values, parsed.shown).run();
}

/** What every process does around its service. */
class ProcessShell<Options extends CommonOptions> {
  readonly #definition: ProcessDefinition<Options>;
  readonly #options: Options;
  readonly #log: ProcessLogger;
  readonly #logger: Logger;
  readonly #metrics: PrometheusMetrics;
  readonly #operations: HttpServer;
  readonly #stopWatchingLag: () => void;
  #service: Service | undefined;
  #stage: 'starting' | 'running' | 'draining' = 'starting';

  constructor(definition: ProcessDefinition<Options>, options: Options, shown: Record<string, string>) {
    this.#definition = definition;
    this.#options = options;
    const { name, az, logLevel } = options;
    this.#log = createLogger({ level: logLevel, fields: { process: definition.process, node: name, az } });
    this.#logger = this.#log.logger;
    this.#catchEverything();
    this.#logger.info('starting', { pid: process.pid, node: process.version, options: shown });
    const prefix = definition.process.replaceAll('-', '_');
    this.#metrics = new PrometheusMetrics({ node: name, az });
    this.#metrics.collectProcessMetrics();
    this.#stopWatchingLag = watchLoopLag(prefix, this.#metrics, this.#logger);
    this.#operations = createOperationsServer({
      ...metricsAddress(options),
      metrics: this.#metrics,
      logger: this.#logger,
      process: prefix,
      notReady: () => this.#notReady(),
    });
  }

  async run(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      this.#fatal('start-failed', error);
    }
  }

  async #start(): Promise<void> {
    process.on('SIGTERM', () => this.#onSignal('SIGTERM'));
    process.on('SIGINT', () => this.#onSignal('SIGINT'));
    await this.#operations.listen();
    const environment: Environment = {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      digest: nodeDigest,
      logger: this.#logger,
      metrics: this.#metrics,
      fatal: (reason, cause) => this.#fatal(reason, cause),
    };
    const context = { options: this.#options, environment, incarnation: newIncarnation(systemRandom) };
    this.#service = await this.#definition.create(context);
    await this.#service.run();
    if (this.#stage === 'starting') this.#stage = 'running';
    this.#logger.info('running', { metricsPort: this.#operations.port() });
  }

  #notReady(): string | undefined {
    if (this.#stage !== 'running') return this.#stage;
    return this.#service?.notReady();
  }

  #catchEverything(): void {
    // Rejections that nobody awaits come here, too: Node's default.
    process.on('uncaughtException', (error) => this.#fatal('uncaught-exception', error));
  }

  #fatal(reason: string, cause: unknown): never {
    this.#logger.error('fatal', { reason, error: cause });
    this.#exit(EXIT_FAILED);
  }

  #exit(status: number): never {
    this.#log.flushNow();
    process.exit(status);
  }

  #onSignal(signal: string): void {
    this.#logger.info('signal', { signal, stage: this.#stage });
    // Nothing is served yet, and every store is made to be left at any moment; a second signal means "now".
    if (this.#stage !== 'running') this.#exit(this.#stage === 'starting' ? 0 : EXIT_FAILED);
    this.#stage = 'draining';
    this.#drainAndStop().catch((error: unknown) => this.#fatal('stop-failed', error));
  }

  async #drainAndStop(): Promise<void> {
    const service = this.#service as Service;
    const drained = await within(DRAIN_LIMIT_MS, service.drain());
    if (!drained) this.#logger.warn('drain-incomplete', { limitMs: DRAIN_LIMIT_MS });
    const stopped = await within(STOP_LIMIT_MS, service.stop());
    if (!stopped) this.#fatal('stop-incomplete', new Error(`not stopped within ${STOP_LIMIT_MS} ms`));
    await this.#operations.close();
    this.#stopWatchingLag();
    this.#logger.info('stopped');
    await within(FLUSH_LIMIT_MS, this.#log.flushed());
    this.#exit(0);
  }
}

/** Waits for the work, at most so long; false when it took longer. */
async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const done = await Promise.race([work.then(() => true), limit]);
  clearTimeout(timer);
  return done;
}
