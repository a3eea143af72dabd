import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { mock } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { hashSync } from 'bcryptjs';
import t from 'tap';
import { FIRST_RULE_SLOT } from '../../../src/counters/catalogue.js';
import { EVENT_SCHEMAS } from '../../../src/stats/http/events-schema.js';
import { EVENT_BYTES_WAITING_MAX, EVENT_STREAMS_MAX, HEARTBEAT_MS } from '../../../src/stats/http/limits.js';
import { lossesOf } from '../../../src/stats/landing/losses.js';
import { rulesOverview } from '../../../src/stats/landing/top-rules.js';
import { EventStreams } from '../../../src/stats/live/event-streams.js';
import { passEvent } from '../../../src/stats/live/pass-event.js';
import { RuleChanges } from '../../../src/stats/live/rule-changes.js';
import { rule, ruleSet } from '../../rules/build-rules.js';
import { temporaryFolder } from '../../support/engine-fixture.js';
import { EventStream } from '../../support/event-stream.js';
import { eventually } from '../../support/upe-process.js';
import { EngineStandIn, MIRROR_SLOT, noticeOf, TELNET_SLOT } from '../engine-stand-in.js';
import { ServerStandIn } from '../server-stand-in.js';

type Scope = { teardown(clean: () => unknown): unknown };

async function start(t: Scope, settings: ConstructorParameters<typeof ServerStandIn>[2] = {}) {
  const standIn = new ServerStandIn(0, '127.0.0.1', settings);
  t.teardown(() => standIn.stop());
  await standIn.start();
  const { engine } = standIn;
  /** What the stats thread does once a second. */
  const pass = async () => {
    engine.clock.ms += 1000;
    await engine.pass();
    standIn.server.publish();
  };
  return { standIn, engine, pass };
}

/** As much of an answer as a stream of events needs; what waits in it is said by the test. */
class ResponseStandIn extends EventEmitter {
  text = '';
  writableLength = 0;
  writableEnded = false;
  isDestroyed = false;

  writeHead(): void {}

  write(text: string): void {
    this.text += text;
  }

  end(): void {
    this.writableEnded = true;
    this.emit('close');
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

/** Streams over a stand-in of an engine, and how often they have asked for a pass's figures. */
function startStreams(t: Scope) {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  let asked = 0;
  const streams = new EventStreams({
    changes: new RuleChanges(engine.state),
    pass: () => {
      asked++;
      const { state } = engine;
      const context = { notReadyBecause: null, intervalMs: 1000 };
      return passEvent(state, { ...context, rules: rulesOverview(state), losses: lossesOf(state) });
    },
  });
  const add = () => {
    const response = new ResponseStandIn();
    streams.add(response as unknown as ServerResponse);
    return response;
  };
  return { streams, add, asked: () => asked };
}

t.test('a client is told the table, all its counts and the last pass, and then what is new', async (t) => {
  const { standIn, engine, pass } = await start(t);
  engine.dataplane.pass(0, TELNET_SLOT, 5);
  const stream = await EventStream.open(t, standIn.url);
  t.equal(stream.status, 200);
  t.equal(stream.headers['content-type'], 'text/event-stream; charset=utf-8');
  t.equal(stream.headers['cache-control'], 'no-store');
  t.equal(stream.headers['x-content-type-options'], 'nosniff');
  t.strictSame(await stream.next('table'), { generation: 3, rules: 2 });
  t.strictSame((await stream.next('counts')).changes, [1, 5, 500]);
  t.equal((await stream.next('pass')).received.packets, 5);
  engine.dataplane.pass(1, MIRROR_SLOT, 4);
  await pass();
  t.strictSame(await stream.next('counts'), { generation: 3, at_ms: engine.clock.ms, changes: [2, 4, 400] });
  const { received, workers, verdicts, at_ms } = await stream.next('pass');
  t.equal(at_ms, engine.clock.ms);
  t.strictSame(received, { packets: 9, packets_per_second: 4, bytes_per_second: 400 });
  t.strictSame(
    workers.map((own) => own.packets_per_second),
    [0, 4],
  );
  t.equal(verdicts.forward.packets, 4);
  const other = await EventStream.open(t, standIn.url);
  t.strictSame((await other.next('counts')).changes, [1, 5, 500, 1, 4, 400], 'who comes later is told all');
  await pass();
  t.strictSame((await stream.next('counts')).changes, [], 'where nothing was counted, nothing is told');
  t.strictSame((await other.next('counts')).changes, []);
});

t.test('another table is told, and all that its rules have counted', async (t) => {
  const { standIn, engine, pass } = await start(t);
  engine.dataplane.pass(0, MIRROR_SLOT, 3);
  const stream = await EventStream.open(t, standIn.url);
  await stream.next('pass');
  const plan = {
    slots: [MIRROR_SLOT, FIRST_RULE_SLOT + 3],
    retired: [],
    folded: [],
    slotCount: MIRROR_SLOT + 3,
  };
  const notice = noticeOf(ruleSet([rule('mirror', 'forward'), rule('new', 'count')]), plan, 4);
  engine.series.apply(notice, engine.aggregator.totals.slots);
  Object.assign(engine.state, { rulesInUse: notice });
  await pass();
  t.strictSame(await stream.next('table'), { generation: 4, rules: 2 });
  const { generation, changes } = await stream.next('counts');
  t.strictSame({ generation, changes }, { generation: 4, changes: [1, 3, 300] });
});

t.test('every event is what its schema says', async (t) => {
  const { standIn, engine, pass } = await start(t);
  const ajv = new Ajv2020({ strict: false });
  const stream = await EventStream.open(t, standIn.url);
  for (const hasTraffic of [false, true]) {
    if (hasTraffic) engine.fillTraffic();
    for (const [kind, schema] of [
      ...(hasTraffic ? [] : [['table', EVENT_SCHEMAS.TableEvent] as const]),
      ['counts', EVENT_SCHEMAS.CountsEvent] as const,
      ['pass', EVENT_SCHEMAS.PassEvent] as const,
    ]) {
      if (hasTraffic && kind === 'counts') await pass();
      const validate = ajv.compile(schema);
      const data = await stream.next(kind);
      t.ok(validate(data), `${kind}: ${JSON.stringify(validate.errors)}`);
      t.notOk(validate({}), 'and nothing is not');
      const described = Object.keys(schema.properties).sort();
      t.strictSame(Object.keys(data).sort(), described, 'and nothing is told that is not described');
    }
  }
});

t.test('a request that is none is answered with what is wrong', async (t) => {
  const { standIn } = await start(t);
  const response = await fetch(`${standIn.url}/api/v1/events?since=1`);
  t.equal(response.status, 400);
  t.match(await response.json(), { detail: 'since: does not exist; there are none here.' });
  t.equal((await fetch(`${standIn.url}/api/v1/events`, { method: 'HEAD' })).status, 404);
  t.equal((await fetch(`${standIn.url}/api/v1/events`, { method: 'POST' })).status, 405);
});

t.test('so many clients at a time, and the next one when one has gone', async (t) => {
  const { standIn } = await start(t);
  const streams: EventStream[] = [];
  for (let i = 0; i < EVENT_STREAMS_MAX; i++) streams.push(await EventStream.open(t, standIn.url));
  t.ok(streams.every(({ status }) => status === 200));
  const refused = await fetch(`${standIn.url}/api/v1/events`);
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '5');
  t.match(await refused.json(), { detail: /^32 clients are being told/ });
  t.equal((await fetch(`${standIn.url}/metrics`)).status, 200, 'and a scrape is none of them');
  streams[7].close();
  const late = await eventually('free place', async () => {
    const stream = await EventStream.open(t, standIn.url);
    return stream.status === 200 ? stream : undefined;
  });
  t.strictSame(await late.next('table'), { generation: 3, rules: 2 });
});

t.test('nobody is told anything without the password that is asked for', async (t) => {
  const file = join(temporaryFolder(t), 'web-config.yml');
  writeFileSync(file, `basic_auth_users: { alice: '${hashSync('secret', 4)}' }\n`);
  const { standIn } = await start(t, { webConfigFile: file });
  const stranger = await EventStream.open(t, standIn.url);
  t.equal(stranger.status, 401);
  await eventually('answer', () => stranger.isOver || undefined);
  t.notMatch(stranger.text, 'event:');
  const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
  const alice = await EventStream.open(t, standIn.url, { authorization });
  t.strictSame(await alice.next('table'), { generation: 3, rules: 2 });
  // Settled at two looks, it is another configuration; whoever was let in before is judged again.
  writeFileSync(file, `basic_auth_users: { bob: '${hashSync('secret', 4)}' }\n`);
  await eventually('end', () => alice.isOver || undefined);
  t.equal((await EventStream.open(t, standIn.url, { authorization })).status, 401);
});

t.test('a stop ends all streams, and waits for none', async (t) => {
  const { standIn } = await start(t);
  const streams = [await EventStream.open(t, standIn.url), await EventStream.open(t, standIn.url)];
  await streams[1].next('pass');
  const startMs = performance.now();
  await standIn.server.stop();
  const ms = performance.now() - startMs;
  t.ok(ms < 2000, `stopped in ${ms.toFixed(0)} ms`);
  await eventually('end', () => streams.every(({ isOver }) => isOver) || undefined);
});

t.test('a client that does not read is dropped, and the others are not', async (t) => {
  const { streams, add } = startStreams(t);
  const slow = add();
  const other = add();
  slow.writableLength = EVENT_BYTES_WAITING_MAX;
  streams.publish();
  t.equal(slow.isDestroyed, false, 'up to the bound it is waited for');
  slow.writableLength++;
  const before = slow.text.length;
  streams.publish();
  t.equal(slow.isDestroyed, true);
  t.equal(slow.text.length, before, 'and nothing is added to what waits');
  t.equal(streams.count, 1);
  t.equal(other.text.split('event: pass').length - 1, 3);
});

t.test('nothing is made for nobody, and one text for all', async (t) => {
  const { streams, add, asked } = startStreams(t);
  streams.publish();
  t.equal(asked(), 0);
  const clients = [add(), add(), add()];
  t.equal(asked(), 3, 'each is told the last pass');
  streams.publish();
  t.equal(asked(), 4);
  for (const client of clients) client.destroy();
  streams.publish();
  t.equal(asked(), 4);
});

t.test('where passes are rare, a comment says that somebody is there', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const { add } = startStreams(t);
  const client = add();
  const before = client.text;
  mock.timers.tick(HEARTBEAT_MS - 1);
  t.equal(client.text, before);
  mock.timers.tick(1);
  t.equal(client.text, `${before}:\n\n`);
  client.destroy();
  mock.timers.tick(HEARTBEAT_MS);
  t.equal(client.text, `${before}:\n\n`);
});

t.test('a stream that is not read to its end is cut off', async (t) => {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const { streams, add } = startStreams(t);
  const client = add();
  client.end = () => {};
  streams.end();
  t.equal(streams.count, 1, 'what waits for it may still be read');
  mock.timers.tick(10_000);
  t.ok(client.isDestroyed);
  t.equal(streams.count, 0);
});
