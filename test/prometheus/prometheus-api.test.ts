import t from 'tap';
import { PrometheusError } from '../../src/errors.js';
import { PrometheusApi } from '../../src/prometheus/prometheus-api.js';
import { refusal, type StandInAnswer, series, startStandIn, TIME } from './prometheus-stand-in.js';

async function failureOf(ask: Promise<unknown>): Promise<PrometheusError> {
  try {
    await ask;
  } catch (error) {
    if (error instanceof PrometheusError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

t.test('queries are asked with their times, and answers read', async (t) => {
  const { url, asked } = await startStandIn(t, ({ path, parameters }) => {
    if (parameters.get('query') === 'time()') return TIME;
    if (path.endsWith('/values')) return { body: { status: 'success', data: ['a', 'b'] } };
    if (path.endsWith('/query_range'))
      return series(
        [
          {
            metric: { rule: 'a' },
            values: [
              [5, '1'],
              [15, '2'],
            ],
          },
        ],
        'matrix',
      );
    return series([
      { metric: { rule: 'a' }, value: [7, '3.5'] },
      { metric: {}, value: [7, 'NaN'] },
    ]);
  });
  const api = new PrometheusApi(new URL(`${url}/prometheus/`), { 'x-scope-orgid': 'upe' });
  t.equal(await api.time(), 1_700_000_000.5);
  t.strictSame(await api.query('up{a="+&%"}', 7), [
    { labels: { rule: 'a' }, value: 3.5 },
    { labels: {}, value: Number.NaN },
  ]);
  t.strictSame(await api.queryRange('up', { start: 5, end: 25, step: 10 }), [
    {
      labels: { rule: 'a' },
      points: [
        { time: 5, value: 1 },
        { time: 15, value: 2 },
      ],
    },
  ]);
  t.strictSame(await api.labelValues('rule', 'up{}', 5, 25), ['a', 'b']);
  t.strictSame(
    asked.map(({ path, parameters }) => [path, Object.fromEntries(parameters)]),
    [
      ['/prometheus/api/v1/query', { query: 'time()' }],
      ['/prometheus/api/v1/query', { query: 'up{a="+&%"}', time: '7' }],
      ['/prometheus/api/v1/query_range', { query: 'up', start: '5', end: '25', step: '10' }],
      ['/prometheus/api/v1/label/rule/values', { 'match[]': 'up{}', start: '5', end: '25' }],
    ],
  );
  for (const { headers } of asked) t.equal(headers['x-scope-orgid'], 'upe');
});

t.test('a user in the address is sent along, and never shown', async (t) => {
  const { url, asked } = await startStandIn(t, () => refusal(422, 'no'));
  const api = new PrometheusApi(new URL(url.replace('//', '//me:p%40ss@')), {});
  const { message } = await failureOf(api.time());
  t.equal(message, `${url} refuses a query: no`);
  t.equal(asked[0].headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

const BAD: readonly [name: string, answer: StandInAnswer, says: RegExp, mayBeTooLarge: boolean][] = [
  ['bad data', refusal(400, 'parse\nerror: \u001b[2J'), /refuses a query: parse error: \[2J$/, false],
  ['too many samples', refusal(422, 'too many samples'), /refuses a query: too many samples$/, true],
  ['timed out', refusal(503, 'query timed out'), /refuses a query: query timed out$/, true],
  ['a long refusal', refusal(422, 'x'.repeat(5000)), /refuses a query: x{300}\.\.\.$/, true],
  ['a gateway that gave up', { status: 504, body: '<html>' }, /status 504, and no JSON of its API$/, true],
  [
    'a gateway without a server',
    { status: 502, body: '<html>' },
    /does not answer as a Prometheus does: status 502/,
    false,
  ],
  [
    'no password',
    { status: 401, body: 'Unauthorized' },
    /lets nobody in like this \(401\): see --headers-file$/,
    false,
  ],
  ['a forbidden tenant', { status: 403, body: '' }, /lets nobody in like this \(403\)/, false],
  [
    'somewhere else',
    { status: 302, body: '', location: 'https://login.example/' },
    /answers 302, and leads to https:\/\/login\.example\/: give the address that it leads to$/,
    false,
  ],
  [
    'another program',
    { body: '<html>' },
    /does not answer as a Prometheus does: status 200, and no JSON/,
    false,
  ],
  ['nothing', { body: '' }, /no JSON of its API$/, false],
  ['null', { body: null }, /no JSON of its API$/, false],
  ['a number', { body: 7 }, /no JSON of its API$/, false],
  ['no status', { body: { data: [] } }, /no JSON of its API$/, false],
  ['no data', { body: { status: 'success' } }, /does not answer as a Prometheus does: no result$/, false],
  ['data of another kind', { body: { status: 'success', data: 'x' } }, /no result$/, false],
  ['no series', series([[1, '2'] as unknown as object]), /no (series|time)$/, false],
  [
    'an error without a message',
    { status: 500, body: { status: 'error' } },
    /refuses a query: status 500$/,
    false,
  ],
];
for (const [name, answer, says, mayBeTooLarge] of BAD) {
  t.test(`a bad answer is one line: ${name}`, async (t) => {
    const { url } = await startStandIn(t, () => answer);
    const api = new PrometheusApi(new URL(url), {});
    for (const ask of [api.time(), api.query('up', 1), api.queryRange('up', { start: 1, end: 2, step: 1 })]) {
      const error = await failureOf(ask);
      t.match(error.message, says);
      t.ok(error.message.startsWith(`${url} `), error.message);
      t.equal(error.mayBeTooLarge, mayBeTooLarge);
      t.equal(error.exitCode, 1);
    }
  });
}

t.test('nobody there', async (t) => {
  const { message } = await failureOf(new PrometheusApi(new URL('http://127.0.0.1:1'), {}).time());
  t.equal(message, 'http://127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1');
});
