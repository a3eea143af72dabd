import t from 'tap';
import { unknownVariableProblems } from '../../src/config/unknown-variables.js';

const NEAR_MISSES: readonly [string, string][] = [
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

const INJECTED: readonly string[] = [
  'UPE_SERVICE_HOST',
  'UPE_SERVICE_PORT',
  'UPE_SERVICE_PORT_METRICS',
  'UPE_SERVICE_PORT_HTTP_METRICS',
  'UPE_PORT',
  'UPE_PORT_9912_TCP',
  'UPE_PORT_9912_TCP_PROTO',
  'UPE_PORT_9912_TCP_PORT',
  'UPE_PORT_9912_TCP_ADDR',
  'UPE_PORT_53_UDP',
  'UPE_PORT_53_UDP_ADDR',
  'UPE_PORT_36412_SCTP_PROTO',
  'UPE_NAME',
  'UPE_ENV_PATH',
  'UPE_ENV_UPE_WORKERS',
];

const NOT_INJECTED: readonly string[] = [
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

t.test('a variable that does not exist is named, with the nearest that does', (t) => {
  for (const [name, nearest] of NEAR_MISSES) {
    t.strictSame(
      unknownVariableProblems({ [name]: '1' }),
      [`${name} is not a variable of UPE; the nearest name is ${nearest}: correct it or remove it.`],
      name,
    );
  }
  t.end();
});

t.test('what Kubernetes and Docker inject for a service named upe is accepted', (t) => {
  for (const name of INJECTED) t.strictSame(unknownVariableProblems({ [name]: 'tcp://10.0.0.1' }), [], name);
  t.end();
});

t.test('what only resembles an injected variable is refused', (t) => {
  for (const name of NOT_INJECTED) t.equal(unknownVariableProblems({ [name]: '1' }).length, 1, name);
  t.end();
});

t.test('variables of others and empty ones are left alone', (t) => {
  t.strictSame(unknownVariableProblems({ PATH: '/bin', upe_workers: '4', UPEX: '1', MY_UPE_X: '1' }), []);
  t.strictSame(unknownVariableProblems({ UPE_TYPO: '', UPE_OTHER: undefined }), []);
  t.end();
});

t.test('problems come in the order of the names', (t) => {
  const problems = unknownVariableProblems({ UPE_ZEBRA: '1', UPE_APPLE: '1', UPE_MANGO: '1' });
  t.strictSame(
    problems.map((problem) => problem.split(' ')[0]),
    ['UPE_APPLE', 'UPE_MANGO', 'UPE_ZEBRA'],
  );
  t.end();
});
