import { type MetricFamily, one } from './metric-family.js';

/** As the first of the families has read it, which are asked in their order: so the three fit together. */
let usage = process.cpuUsage();

/** Processor time of the process, of all its threads, by the names that every Prometheus client has for it. */
export const PROCESS_CPU_FAMILIES: readonly MetricFamily[] = [
  {
    name: 'process_cpu_user_seconds_total',
    help: 'Total user CPU time spent in seconds.',
    type: 'counter',
    samples: () => {
      usage = process.cpuUsage();
      return one(usage.user / 1e6);
    },
  },
  {
    name: 'process_cpu_system_seconds_total',
    help: 'Total system CPU time spent in seconds.',
    type: 'counter',
    samples: () => one(usage.system / 1e6),
  },
  {
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    type: 'counter',
    samples: () => one((usage.user + usage.system) / 1e6),
  },
];
