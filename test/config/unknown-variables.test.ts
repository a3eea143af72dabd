import t from 'tap';
import { unknownVariableProblems } from '../../src/config/unknown-variables.js';
import { NEAR_MISSES, NOT_INJECTED } from './bad-names.js';

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
