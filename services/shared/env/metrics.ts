/** Metrics are declared once, in the metrics.ts of a process, with unit and help; the data path only touches numbers. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  histogram(definition: HistogramDefinition): Histogram;
}

export interface MetricDefinition {
  /** `stator_<process>_<noun>_<unit>`, counters ending in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** For gauges whose value is read at scrape time. */
  readonly collect?: (gauge: Gauge) => void;
}

export interface HistogramDefinition extends MetricDefinition {
  readonly buckets: readonly number[];
}

export type MetricLabels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number, labels?: MetricLabels): void;
}

export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
}

export interface Histogram {
  observe(value: number, labels?: MetricLabels): void;
}
