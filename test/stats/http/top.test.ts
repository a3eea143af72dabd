import t from 'tap';
import { FIRST_UNMATCHED_SLOT } from '../../../src/counters/catalogue.js';
import { Packet } from '../../../src/protocol/packet.js';
import { createSampleRing } from '../../../src/ring/sample-ring-layout.js';
import type { TopAnswer } from '../../../src/stats/http/top-schema.js';
import { TopTalkers } from '../../../src/stats/talkers/top-talkers.js';
import { FlowSampler } from '../../../src/worker/flow-sampler.js';
import { MIRROR_SLOT, TELNET_SLOT } from '../engine-stand-in.js';
import { ServerStandIn } from '../server-stand-in.js';

const V4 = { ipVersion: 4, protocol: 6, src0: 0x0a000001, dst0: 0xc0a80001 | 0, srcPort: 1024, dstPort: 23 };
const V6 = {
  ...{ ipVersion: 6, protocol: 17, srcPort: 53, dstPort: 5353 },
  ...{ src0: 0x20010db8, src3: 1, dst0: 0x20010db8, dst3: 2 },
};
const ICMP = { ipVersion: 4, protocol: 1, src0: 0x0a000002, dst0: 0xc0a80001 | 0 };

/** A server whose engine has seen: telnet 3 times 100 bytes and once 2000, mirror once, nothing of a rule once. */
async function start(t: { teardown(clean: () => Promise<void>): unknown }, isOn = true) {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const { engine } = standIn;
  if (isOn) {
    const ring = createSampleRing(64);
    const talkers = new TopTalkers([ring], engine.clock);
    const sampler = new FlowSampler(ring, 1);
    sampler.beginBurst();
    const packets = [
      ...[0, 1, 2].map(() => [V4, TELNET_SLOT, 100] as const),
      [V6, TELNET_SLOT, 2000] as const,
      [V4, MIRROR_SLOT, 60] as const,
      [ICMP, FIRST_UNMATCHED_SLOT, 84] as const,
    ];
    packets.forEach(([fields, slot, bytes], i) => {
      sampler.take(i, Object.assign(new Packet(), fields), slot, bytes);
    });
    Object.assign(engine.state, { talkers });
  }
  await standIn.start();
  const ask = (query: string) => fetch(`${standIn.url}/api/v1/top${query}`);
  return { engine, ask, answer: async (query: string) => (await (await ask(query)).json()) as TopAnswer };
}

t.test('the flows of a rule, the heaviest first, whole', async (t) => {
  const { engine, ask } = await start(t);
  engine.clock.ms += 1500;
  const response = await ask('?rule=block-telnet');
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  t.equal(response.headers.get('cache-control'), 'no-store');
  t.strictSame(await response.json(), {
    rule: 'block-telnet',
    unmatched: false,
    by: 'flow',
    of: 'packets',
    window: { since: new Date(engine.clock.ms - 1500).toISOString(), seconds: 1.5 },
    sampled: { one_in: 1, samples: 4, lost: { samples: 0, packets: 0, bytes: 0 } },
    total: { packets: 4, bytes: 2300 },
    bounds: { confidence: 0.99, total_low: 4, total_high: 4, unlisted_high: 0 },
    top: [
      {
        flow: {
          source: '10.0.0.1',
          source_port: 1024,
          destination: '192.168.0.1',
          destination_port: 23,
          protocol: 'tcp',
        },
        packets: 3,
        bytes: 300,
        share: 0.75,
        low: 3,
        high: 3,
      },
      {
        flow: {
          source: '2001:db8::1',
          source_port: 53,
          destination: '2001:db8::2',
          destination_port: 5353,
          protocol: 'udp',
        },
        packets: 1,
        bytes: 2000,
        share: 0.25,
        low: 1,
        high: 1,
      },
    ],
  });
});

t.test('by source, by destination, of bytes, of everything, and of what no rule matches', async (t) => {
  const { answer } = await start(t);
  const sources = await answer('?rule=block-telnet&by=source&of=bytes');
  t.strictSame(
    sources.top.map(({ source, bytes }) => [source, bytes]),
    [
      ['2001:db8::1', 2000],
      ['10.0.0.1', 300],
    ],
  );
  t.equal(sources.top[0].flow, undefined);
  const all = await answer('?by=destination');
  t.match(all, { rule: null, unmatched: false, total: { packets: 6 } });
  t.strictSame(
    all.top.map(({ destination, packets }) => [destination, packets]),
    [
      ['192.168.0.1', 5],
      ['2001:db8::2', 1],
    ],
  );
  const unmatched = await answer('?unmatched=true');
  t.match(unmatched, { rule: null, unmatched: true, total: { packets: 1, bytes: 84 } });
  t.match(unmatched.top, [{ flow: { source_port: null, destination_port: null, protocol: 'icmp' } }]);
  const limited = await answer('?by=source&limit=1');
  t.equal(limited.top.length, 1);
  t.equal(limited.bounds.unlisted_high, 1);
});

t.test('a rule without traffic has no talkers', async (t) => {
  const { engine, answer } = await start(t);
  engine.clock.ms += 200_000;
  const { total, top } = await answer('?rule=mirror');
  t.match(total, { packets: 1 });
  t.equal(top.length, 1);
  engine.clock.ms += 60_000;
  await answer('?rule=mirror');
  engine.clock.ms += 60_000;
  await answer('?rule=mirror');
  t.match(await answer('?rule=mirror'), { total: { packets: 0, bytes: 0 }, sampled: { one_in: 1 }, top: [] });
});

const NO_LIMIT = 'must be a whole number from 1 to 100';
const BAD: readonly [query: string, status: number, detail: string][] = [
  ['?rule=block-telnt', 404, 'No rule in use has the name "block-telnt". Did you mean block-telnet?'],
  ['?rule=nothing-like-it', 404, 'No rule in use has the name "nothing-like-it".'],
  ['?rule=', 404, 'No rule in use has the name "".'],
  ['?rule=old', 404, 'No rule in use has the name "old".'],
  ['?rule=a&rule=b', 400, 'rule: is given more than once.'],
  ['?by=port', 400, 'by: must be one of flow, source, destination.'],
  ['?by=', 400, 'by: must be one of flow, source, destination.'],
  ['?of=flows', 400, 'of: must be one of packets, bytes.'],
  ['?limit=0', 400, `limit: ${NO_LIMIT}.`],
  ['?limit=101', 400, `limit: ${NO_LIMIT}.`],
  ['?limit=1.5', 400, `limit: ${NO_LIMIT}.`],
  ['?limit=all', 400, `limit: ${NO_LIMIT}.`],
  ['?unmatched=maybe', 400, 'unmatched: must be true or false.'],
  ['?rule=mirror&unmatched=true', 400, 'unmatched: does not go with rule: no packet is of both.'],
  ['?rules=mirror', 400, 'rules: does not exist; the parameters are rule, unmatched, by, of, limit.'],
];

t.test('what cannot be answered is a problem document', async (t) => {
  const { ask } = await start(t);
  for (const [query, status, detail] of BAD) {
    const response = await ask(query);
    t.equal(response.status, status, query);
    t.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', query);
    t.match((await response.json()) as object, { type: 'about:blank', status, detail }, query);
  }
});

t.test('where nobody looks for them, it says who would', async (t) => {
  const { ask } = await start(t, false);
  const response = await ask('?rule=mirror');
  t.equal(response.status, 404);
  t.match((await response.json()) as object, {
    status: 404,
    detail: 'Nobody looks for top talkers here: UPE_TOP_TALKERS=true does.',
  });
});
