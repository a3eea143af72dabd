/** Variables that do not exist, and the nearest one that does. */
export const NEAR_MISSES: readonly [string, string][] = [
  ['UPE_WORKER', 'UPE_WORKERS'],
  ['UPE_WORKRES', 'UPE_WORKERS'],
  ['UPE_PCAPFILE', 'UPE_PCAP_FILE'],
  ['UPE_PCAP_FILES', 'UPE_PCAP_FILE'],
  ['UPE_RULE_FILE', 'UPE_RULES_FILE'],
  ['UPE_RULES_CAPACITY', 'UPE_RULE_CAPACITY'],
  ['UPE_HTTPPORT', 'UPE_HTTP_PORT'],
  ['UPE_HTTP_HOSTNAME', 'UPE_HTTP_HOST'],
  ['UPE_STATS_INTERVAL', 'UPE_STATS_INTERVAL_MS'],
  ['UPE_BUFFERS_BYTES', 'UPE_BUFFER_BYTES'],
  ['UPE_RING_SLOT', 'UPE_RING_SLOTS'],
  ['UPE_LOGLEVEL', 'UPE_LOG_LEVEL'],
  ['UPE_DEMO_PPS_', 'UPE_DEMO_PPS'],
  ['UPE_SOURCES', 'UPE_SOURCE'],
  ['UPE_IDEL', 'UPE_IDLE'],
  ['UPE_workers', 'UPE_WORKERS'],
];

/** Variables that only resemble those which Kubernetes and Docker inject. */
export const NOT_INJECTED: readonly string[] = [
  'UPE_SERVICE_HOSTS',
  'UPE_SERVICE_PORT_',
  'UPE_PORT_',
  'UPE_PORT_TCP',
  'UPE_PORT_9912',
  'UPE_PORT_9912_tcp',
  'UPE_PORT_9912_TCP_',
  'UPE_PORT_9912_TCP_NAME',
  'UPE_NAMES',
  'UPE_ENV_',
  'UPE_ENV',
  'UPE_',
];
