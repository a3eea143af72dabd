import { request } from 'node:http';
import t from 'tap';
import { FIRST_RULE_SLOT } from '../../../src/counters/catalogue.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { API_ANSWERS_MAX } from '../../../src/stats/http/limits.js';
import type { RuleAnswer, RulesAnswer } from '../../../src/stats/http/rules-schema.js';
import { rule, ruleSet } from '../../rules/build-rules.js';
import { eventually } from '../../support/upe-process.js';
import { LOADED_MS, noticeOf } from '../engine-stand-in.js';
import { ServerStandIn } from '../server-stand-in.js';

const RULES = ruleSet(
  [
    rule('web', 'count', { matchText: 'dst_port: [80, 443]' }),
    rule('telnet', 'drop', { matchText: 'dst_port: 23', priority: 10 }),
    rule('Mirror', 'forward', { priority: 20, outInterface: 'eth1' }),
    rule('dns', 'count', { priority: 30 }),
  ],
  'drop',
);
const SLOTS = [3, 0, 2, 1].map((i) => FIRST_RULE_SLOT + i);

/** A server over a table whose slots are in no order, and with the counts of the test. */
async function start(
  t: { teardown(clean: () => Promise<void>): unknown },
  set: RuleSet = RULES,
  slots = SLOTS,
) {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const { engine } = standIn;
  const plan = { slots, retired: [], folded: [], slotCount: Math.max(...slots) + 1 };
  const notice = noticeOf(set, plan, 7);
  engine.series.apply(notice, engine.aggregator.totals.slots);
  Object.assign(engine.state, { rulesInUse: notice });
  await standIn.start();
  const ask = (query: string) => fetch(`${standIn.url}/api/v1/rules${query}`);
  return {
    standIn,
    engine,
    ask,
    answer: async (query = '') => (await (await ask(query)).json()) as RulesAnswer,
    names: async (query: string) =>
      ((await (await ask(query)).json()) as RulesAnswer).rules.map(({ rule }) => rule),
  };
}

/** dns 5 packets, then a second later web 3 and telnet 1; 100 bytes each. */
async function startWithTraffic(t: { teardown(clean: () => Promise<void>): unknown }) {
  const started = await start(t);
  const { engine } = started;
  engine.dataplane.pass(0, SLOTS[3], 5);
  await engine.pass();
  engine.clock.ms += 1000;
  engine.dataplane.pass(0, SLOTS[0], 2);
  engine.dataplane.pass(1, SLOTS[0], 1);
  engine.dataplane.pass(1, SLOTS[1], 1);
  await engine.pass();
  return started;
}

t.test('a rule is listed with its place, its counts, its rates and its last match', async (t) => {
  const { engine, ask } = await startWithTraffic(t);
  const response = await ask('');
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  t.equal(response.headers.get('cache-control'), 'no-store');
  const { rules, ...table } = (await response.json()) as RulesAnswer;
  t.strictSame(table, {
    generation: 7,
    time: new Date(engine.clock.ms).toISOString(),
    uptime_seconds: 93_784,
    sha256: RULES.sha256,
    loaded: new Date(LOADED_MS).toISOString(),
    default_action: 'drop',
    rules_total: 4,
    rules_found: 4,
  });
  t.strictSame(rules[0], {
    position: 1,
    rule: 'web',
    action: 'count',
    out_interface: null,
    priority: 0,
    match: 'dst_port: [80, 443]',
    packets: 3,
    bytes: 300,
    packets_per_second: 3,
    bytes_per_second: 300,
    last_match: rules[0].last_match,
    in_table_since: new Date(LOADED_MS).toISOString(),
    shadowed: false,
  });
  t.match(rules[1], { rule: 'telnet', shadowed: true });
  t.equal(new Date(rules[0].last_match!).toISOString(), rules[0].last_match, 'a time of RFC 3339');
  t.match(rules[2], {
    rule: 'Mirror',
    out_interface: 'eth1',
    packets: 0,
    packets_per_second: 0,
    last_match: null,
  });
  t.match(rules[3], { rule: 'dns', packets: 5, packets_per_second: 0 }, 'nothing since the pass before');
});

t.test('before there were two passes a rate is not known', async (t) => {
  const { engine, answer } = await start(t);
  await engine.pass();
  const { rules } = await answer();
  t.match(rules[0], { packets: 0, packets_per_second: null, bytes_per_second: null });
});

t.test('until the linter has looked at the table, nobody knows what is shadowed', async (t) => {
  const { engine, names, answer } = await start(t);
  await engine.pass();
  Object.assign(engine.state, { shadowedRules: null });
  t.strictSame(
    (await answer()).rules.map(({ shadowed }) => shadowed),
    [null, null, null, null],
  );
  t.strictSame(await names('?shadowed=true'), []);
  t.equal((await names('?shadowed=false')).length, 4);
});

t.test('the numbers are no older than 100 ms', async (t) => {
  const { engine, standIn, answer } = await startWithTraffic(t);
  t.equal(standIn.passes, 0);
  engine.clock.ms += 101;
  engine.dataplane.pass(0, SLOTS[2], 9);
  t.match((await answer()).rules[2], { packets: 9 });
  t.equal(standIn.passes, 1);
});

t.test('rules are sorted, filtered and taken page by page', async (t) => {
  const { names, answer } = await startWithTraffic(t);
  for (const [query, expected] of [
    ['', ['web', 'telnet', 'Mirror', 'dns']],
    ['?sort=position&order=desc', ['dns', 'Mirror', 'telnet', 'web']],
    ['?sort=name', ['Mirror', 'dns', 'telnet', 'web']],
    ['?sort=name&order=desc', ['web', 'telnet', 'dns', 'Mirror']],
    ['?sort=packets', ['dns', 'web', 'telnet', 'Mirror']],
    ['?sort=packets&order=asc', ['Mirror', 'telnet', 'web', 'dns']],
    ['?sort=bytes', ['dns', 'web', 'telnet', 'Mirror']],
    // Equal ones keep the order of the table, either way.
    ['?sort=packets_per_second', ['web', 'telnet', 'Mirror', 'dns']],
    ['?sort=bytes_per_second&order=asc', ['Mirror', 'dns', 'telnet', 'web']],
    ['?sort=in_table_since', ['web', 'telnet', 'Mirror', 'dns']],
    ['?action=count', ['web', 'dns']],
    ['?action=forward', ['Mirror']],
    ['?name=r', ['Mirror']],
    ['?name=MIRROR', ['Mirror']],
    ['?name=nothing', []],
    ['?name=', ['web', 'telnet', 'Mirror', 'dns']],
    ['?matched=false', ['Mirror']],
    ['?shadowed=true', ['telnet']],
    ['?shadowed=false&sort=name', ['Mirror', 'dns', 'web']],
    ['?matched=true&action=count&sort=packets', ['dns', 'web']],
    ['?limit=2', ['web', 'telnet']],
    ['?limit=2&offset=3', ['dns']],
    ['?offset=4', []],
    ['?limit=10000', ['web', 'telnet', 'Mirror', 'dns']],
  ] as const) {
    t.strictSame(await names(query), expected, query || 'no parameter');
  }
  const page = await answer('?matched=true&limit=1&offset=1');
  t.match(page, { rules_total: 4, rules_found: 3 });
  t.match(page.rules, [{ rule: 'telnet', position: 2 }]);
});

t.test('never comes before any last match', async (t) => {
  const { names } = await startWithTraffic(t);
  t.equal((await names('?sort=last_match')).at(-1), 'Mirror');
  t.equal((await names('?sort=last_match&order=asc'))[0], 'Mirror');
});

t.test('one rule is asked for by its name', async (t) => {
  const { ask } = await startWithTraffic(t);
  const response = await ask('/telnet');
  t.equal(response.status, 200);
  t.match((await response.json()) as RuleAnswer, { generation: 7, rule: 'telnet', position: 2, packets: 1 });
  for (const path of ['/ftp', '/TELNET', '/', '/%22', `/${'a'.repeat(90)}`]) {
    const unknown = await ask(path);
    t.equal(unknown.status, 404, path);
    t.equal(unknown.headers.get('content-type'), 'application/problem+json; charset=utf-8', path);
    const { title, status, detail } = (await unknown.json()) as Record<string, unknown>;
    t.strictSame({ title, status }, { title: 'Not Found', status: 404 }, path);
    t.match(
      detail,
      /^(No rule in use has the name "|There is nothing at this path: \/api\/v1\/openapi\.json)/,
      path,
    );
  }
});

const SORTS =
  'position, name, packets, bytes, packets_per_second, bytes_per_second, last_match, in_table_since';
const BAD: readonly [query: string, parameter: string, detail: string][] = [
  ['?sort=pakets', 'sort', `must be one of ${SORTS}`],
  ['?sort=', 'sort', `must be one of ${SORTS}`],
  ['?sort=packets&sort=bytes', 'sort', 'is given more than once'],
  ['?order=down', 'order', 'must be one of asc, desc'],
  ['?order=ASC', 'order', 'must be one of asc, desc'],
  ['?action=reject', 'action', 'must be one of count, drop, forward'],
  ['?matched=never', 'matched', 'must be true or false'],
  ['?matched=1', 'matched', 'must be true or false'],
  ['?shadowed=maybe', 'shadowed', 'must be true or false'],
  ['?limit=0', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=-1', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=10001', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=many', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=1.5', 'limit', 'must be a whole number from 1 to 10000'],
  ['?limit=1&limit=2', 'limit', 'is given more than once'],
  ['?offset=-1', 'offset', 'must be a whole number from 0 to 2147483647'],
  ['?offset=1e99', 'offset', 'must be a whole number from 0 to 2147483647'],
  ['?name=a&name=b', 'name', 'is given more than once'],
  [
    '?page=2',
    'page',
    'does not exist; the parameters are sort, order, action, name, matched, shadowed, limit, offset',
  ],
  [
    '?__proto__=1',
    '__proto__',
    'does not exist; the parameters are sort, order, action, name, matched, shadowed, limit, offset',
  ],
  ['/telnet?limit=1', 'limit', 'does not exist; there are none here'],
];

t.test('a parameter that is wrong is named in a problem document', async (t) => {
  const { ask } = await start(t);
  for (const [query, parameter, detail] of BAD) {
    const response = await ask(query);
    t.equal(response.status, 400, query);
    t.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', query);
    t.strictSame(
      await response.json(),
      {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: `${parameter}: ${detail}.`,
        errors: [{ parameter, detail }],
      },
      query,
    );
  }
});

t.test('whatever else goes wrong under /api/ is a problem document as well', async (t) => {
  const { standIn } = await start(t);
  for (const [method, path, status] of [
    ['GET', '/api/', 404],
    ['GET', '/api/v2/rules', 404],
    ['GET', '/api/v1/rules/%ff', 400],
    ['POST', '/api/v1/rules', 405],
    ['DELETE', '/api/v1/rules/web', 405],
  ] as const) {
    const response = await fetch(`${standIn.url}${path}`, { method });
    t.equal(response.status, status, path);
    t.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', path);
    const document = (await response.json()) as Record<string, unknown>;
    t.match(document, { type: 'about:blank', status, detail: /^[^\n]+$/ }, path);
  }
});

t.test('answers under way are bounded, and those whose clients left do not count', async (t) => {
  const { engine, standIn, ask } = await start(t);
  const pass = engine.pass.bind(engine);
  engine.pass = () => new Promise(() => undefined);
  const waiting = Array.from({ length: API_ANSWERS_MAX }, () =>
    request(`${standIn.url}/api/v1/rules`, { agent: false })
      .on('error', () => undefined)
      .end(),
  );
  await eventually('all of them', () => standIn.passes === API_ANSWERS_MAX);
  const refused = await ask('');
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '1');
  t.match(await refused.json(), { status: 503, detail: '16 answers of the API are under way: try again.' });
  for (const own of waiting) own.destroy();
  engine.pass = pass;
  await eventually('an answer', async () => (await ask('')).status === 200);
  for (let i = 0; i < 3 * API_ANSWERS_MAX; i++) t.equal((await ask('?limit=1')).status, 200);
});

t.test('ten thousand rules', async (t) => {
  const count = 10_000;
  const many = ruleSet(
    Array.from({ length: count }, (_, i) => rule(`rule-${i}`, 'count', { matchText: `dst_port: ${i}` })),
    'count',
  );
  // More rules than the stand-in has slots: they share them, as no engine's would.
  const { ask, engine } = await start(
    t,
    many,
    many.rules.map((_, i) => FIRST_RULE_SLOT + (i % 3)),
  );
  await engine.pass();
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const startMs = performance.now();
    const { rules } = (await (await ask('?sort=packets&limit=10000')).json()) as RulesAnswer;
    times.push(performance.now() - startMs);
    t.equal(rules.length, count);
  }
  const medianMs = times.sort((a, b) => a - b)[4];
  t.comment(`${medianMs.toFixed(1)} ms for all of them, the reading of the JSON included`);
  // Five times what it takes, for a machine that does something else.
  t.ok(medianMs < 500, `${medianMs} ms`);
});
