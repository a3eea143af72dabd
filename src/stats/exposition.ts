import type { Metric, OpenMetricsContentType, Registry, RegistryContentType } from 'prom-client';
import osMemoryHeap from 'prom-client/lib/metrics/osMemoryHeap.js';
import processMaxFileDescriptors from 'prom-client/lib/metrics/processMaxFileDescriptors.js';
import processOpenFileDescriptors from 'prom-client/lib/metrics/processOpenFileDescriptors.js';
import processStartTime from 'prom-client/lib/metrics/processStartTime.js';
import RegistryOfMetrics from 'prom-client/lib/registry.js';
import type { EngineState } from './engine-state.js';
import { OTHER_FAMILIES } from './metric-families.js';
import type { MetricFamily } from './metric-family.js';
import { PROCESS_CPU_FAMILIES } from './process-cpu-families.js';
import { RuleExposition } from './rule-exposition.js';

/**
 * prom-client's collectors of `process_*`. They are taken one by one because `collectDefaultMetrics`
 * would bring the `nodejs_*` ones as well, which describe one thread only, and would keep a timer
 * running that wakes this thread a hundred times a second; and the package as a whole, like its collector of
 * processor time, loads OpenTelemetry and more, 90 modules that nobody needs here.
 */
const PROCESS_COLLECTORS = [
  processStartTime,
  osMemoryHeap,
  processOpenFileDescriptors,
  processMaxFileDescriptors,
];

/** Both formats want `NaN` (OpenMetrics 1.0, `realnumber`). Line ends within labels and help are escaped. */
const NAN_OF_PROM_CLIENT = / Nan$/gm;

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
  private readonly openMetrics: Registry<OpenMetricsContentType>;
  private readonly rules: RuleExposition;

  constructor(state: EngineState) {
    this.prometheus = createRegistry(state, RegistryOfMetrics.PROMETHEUS_CONTENT_TYPE, OTHER_FAMILIES);
    this.openMetrics = createRegistry(state, RegistryOfMetrics.OPENMETRICS_CONTENT_TYPE, OTHER_FAMILIES);
    this.rules = new RuleExposition(state);
  }

  /** @param openMetrics true when the client has asked for OpenMetrics. */
  async render(openMetrics: boolean): Promise<Exposition> {
    const registry = openMetrics ? this.openMetrics : this.prometheus;
    // Both read the totals before anything else can run, so that they are of one pass.
    const rules = this.rules.render(openMetrics);
    const others = registry.metrics();
    const text = (await others).replaceAll(NAN_OF_PROM_CLIENT, ' NaN');
    const body = Buffer.concat([rules, Buffer.from(`${openMetrics ? '\n' : '\n\n'}${text}`)]);
    return { contentType: registry.contentType, body };
  }
}

/** prom-client's rendering of some families, of the processor time of the process, and of what it knows of that itself. */
export function createRegistry<ContentType extends RegistryContentType>(
  state: EngineState,
  contentType: ContentType,
  families: readonly MetricFamily[],
): Registry<ContentType> {
  const registry = new RegistryOfMetrics<ContentType>();
  registry.setContentType(contentType);
  for (const family of [...families, ...PROCESS_CPU_FAMILIES]) {
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
