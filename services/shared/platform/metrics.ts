import type { CounterConfiguration, GaugeConfiguration, HistogramConfiguration } from 'prom-client';
import promClient from 'prom-client';
import type { Counter, Gauge, Histogram, HistogramDefinition, MetricDefinition, MetricLabels, Metrics } from '../env/metrics.ts';

/** Metrics over prom-client, in a registry of their own, with the process's default metrics (CPU, memory, collections, loop lag). */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new promClient.Registry();

  /** `labels` stand on every metric of the process: its name and AZ. */
  constructor(labels: MetricLabels) {
    this.#registry.setDefaultLabels(labels);
  }

  /** Adds what prom-client measures of a Node process, and starts its observer of garbage collections. */
  collectProcessMetrics(): void {
    promClient.collectDefaultMetrics({ register: this.#registry });
  }

  counter(definition: MetricDefinition): Counter {
    const counter = new promClient.Counter(this.#configuration<CounterConfiguration<string>>(definition));
    return {
      add(amount = 1, labels?: MetricLabels): void {
        if (labels === undefined) counter.inc(amount);
        else counter.inc(labels, amount);
      },
    };
  }

  gauge(definition: MetricDefinition): Gauge {
    const { collect } = definition;
    const configuration = this.#configuration<GaugeConfiguration<string>>(definition);
    if (collect !== undefined) {
      configuration.collect = () => {
        // What has no value any more must not be reported with the last one.
        if (definition.labels !== undefined) gauge.reset();
        collect(adapter);
      };
    }
    const gauge = new promClient.Gauge(configuration);
    const adapter: Gauge = {
      set(value: number, labels?: MetricLabels): void {
        if (labels === undefined) gauge.set(value);
        else gauge.set(labels, value);
      },
    };
    return adapter;
  }

  histogram(definition: HistogramDefinition): Histogram {
    const configuration = this.#configuration<HistogramConfiguration<string>>(definition);
    const histogram = new promClient.Histogram({ ...configuration, buckets: [...definition.buckets] });
    return {
      observe(value: number, labels?: MetricLabels): void {
        if (labels === undefined) histogram.observe(value);
        else histogram.observe(labels, value);
      },
    };
  }

  /** The text that Prometheus scrapes. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #configuration<C extends CounterConfiguration<string> | GaugeConfiguration<string> | HistogramConfiguration<string>>(
    definition: MetricDefinition,
  ): C {
    return {
      name: definition.name,
      help: definition.help,
      labelNames: [...(definition.labels ?? [])],
      registers: [this.#registry],
    } as C;
  }
}
