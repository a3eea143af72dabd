import {
  type Metric,
  openMetricsContentType,
  prometheusContentType,
  Registry,
  type RegistryContentType,
} from 'prom-client';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import type { EngineState } from './engine-state.js';
import { OTHER_FAMILIES } from './metric-families.js';
import type { MetricFamily } from './metric-family.js';
import { RuleExposition } from './rule-exposition.js';

/**
 * prom-client's collectors of `process_*`. They are taken one by one because `collectDefaultMetrics`
 * would bring the `nodejs_*` ones as well, which describe one thread only, and would keep a timer
 * running that wakes this thread a hundred times a second.
 */
const PROCESS_COLLECTORS = [
  processCpuTotal,
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
];

/** A metrics text and the content type that it is in. */
export interface Exposition {
  readonly contentType: string;
  /** UTF-8. */
  readonly body: Buffer;
}

/** Renders the engine's state as Prometheus text or OpenMetrics. */
export class Exposer {
  /** prom-client renames counters for good when it writes OpenMetrics: each format has its registry. */
  private readonly prometheus: Registry;
  private readonly openMetrics: Registry<typeof openMetricsContentType>;
  private readonly rules: RuleExposition;

  constructor(state: EngineState) {
    this.prometheus = createRegistry(state, prometheusContentType, OTHER_FAMILIES);
    this.openMetrics = createRegistry(state, openMetricsContentType, OTHER_FAMILIES);
    this.rules = new RuleExposition(state);
  }

  /** @param openMetrics true when the client has asked for OpenMetrics. */
  async render(openMetrics: boolean): Promise<Exposition> {
    const registry = openMetrics ? this.openMetrics : this.prometheus;
    // Both read the totals before anything else can run, so that they are of one pass.
    const rules = this.rules.render(openMetrics);
    const others = registry.metrics();
    const body = Buffer.concat([rules, Buffer.from(`${openMetrics ? '\n' : '\n\n'}${await others}`)]);
    return { contentType: registry.contentType, body };
  }
}

/** prom-client's own rendering of some families, and of what it knows of the process. */
export function createRegistry<ContentType extends RegistryContentType>(
  state: EngineState,
  contentType: ContentType,
  families: readonly MetricFamily[],
): Registry<ContentType> {
  const registry = new Registry<ContentType>();
  registry.setContentType(contentType);
  for (const family of families) {
    // The registry asks no more of a metric than a name and `get()`; its type names its own classes.
    registry.registerMetric(new StateMetric(family, state) as unknown as Metric);
  }
  for (const collect of PROCESS_COLLECTORS) collect(registry);
  return registry;
}

/** A metric whose values are read from the engine's state when it is scraped: nothing to keep in step. */
class StateMetric {
  /** Assigned by the registry too, when it writes OpenMetrics. */
  name: string;
  readonly type: string;
  readonly aggregator = 'sum';

  constructor(
    private readonly family: MetricFamily,
    private readonly state: EngineState,
  ) {
    this.name = family.name;
    this.type = family.type;
  }

  async get() {
    return {
      name: this.name,
      help: this.family.help,
      type: this.type,
      aggregator: this.aggregator,
      values: this.family.samples(this.state),
    };
  }
}
