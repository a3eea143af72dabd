import t from 'tap';
import { checkIdentity, type IdentityEvidence } from '../../src/stats/identity.js';

/** Two workers, three packets in flight, two in rx's hand, four waiting to be sent, everything where it belongs. */
const CONSISTENT: IdentityEvidence = {
  received: 107,
  dropped: 7,
  transmitOrders: 30,
  sent: 21,
  transmitFailed: 5,
  transmitWaiting: 4,
  held: 2,
  pools: [
    { taken: 150, returned: 16, cached: 28 },
    { taken: 16, returned: 60, cached: 13 },
    { taken: 0, returned: 32, cached: 8 },
  ],
  workers: [
    { enqueued: 60, writeCursor: 60, processed: 54, lost: 3, readCursor: 57 },
    { enqueued: 40, writeCursor: 40, processed: 40, lost: 0, readCursor: 40 },
  ],
};

/** Nothing is to be sent. */
const NOTHING_TO_SEND = { transmitOrders: 0, sent: 0, transmitFailed: 0, transmitWaiting: 0 };

const [firstPool, ...otherPools] = CONSISTENT.pools;
const [first, second] = CONSISTENT.workers;

t.test('consistent evidence holds', async (t) => {
  t.same(checkIdentity(CONSISTENT), { holds: true, violations: [] });
  const empty = { received: 0, dropped: 0, ...NOTHING_TO_SEND, held: 0, pools: [], workers: [] };
  t.same(checkIdentity(empty).holds, true);
});

const FALSIFIED: readonly { name: string; evidence: IdentityEvidence; violations: string[] }[] = [
  {
    name: 'received',
    evidence: { ...CONSISTENT, received: 108 },
    violations: ['received and enqueued + dropped: 108 is not 107'],
  },
  {
    name: 'dropped',
    evidence: { ...CONSISTENT, dropped: 6 },
    violations: ['received and enqueued + dropped: 107 is not 106'],
  },
  {
    name: 'held',
    evidence: { ...CONSISTENT, held: 3 },
    violations: ['buffers out of the pool and in flight + held: 9 is not 10'],
  },
  {
    name: 'number of frames to be sent',
    evidence: { ...CONSISTENT, transmitOrders: 31 },
    violations: ['frames to be sent and sent + failed + waiting: 31 is not 30'],
  },
  {
    name: 'number of frames sent',
    evidence: { ...CONSISTENT, sent: 20 },
    violations: ['frames to be sent and sent + failed + waiting: 30 is not 29'],
  },
  {
    name: 'number of frames that could not be sent',
    evidence: { ...CONSISTENT, transmitFailed: 6 },
    violations: ['frames to be sent and sent + failed + waiting: 30 is not 31'],
  },
  {
    name: 'number of frames that wait to be sent',
    evidence: { ...CONSISTENT, transmitWaiting: 3 },
    violations: [
      'frames to be sent and sent + failed + waiting: 30 is not 29',
      'buffers out of the pool and in flight + held: 9 is not 8',
    ],
  },
  {
    name: 'taken',
    evidence: { ...CONSISTENT, pools: [{ ...firstPool, taken: 151 }, ...otherPools] },
    violations: ['buffers out of the pool and in flight + held: 10 is not 9'],
  },
  {
    name: 'returned',
    evidence: { ...CONSISTENT, pools: [{ ...firstPool, returned: 17 }, ...otherPools] },
    violations: ['buffers out of the pool and in flight + held: 8 is not 9'],
  },
  {
    name: 'cached',
    evidence: { ...CONSISTENT, pools: [{ ...firstPool, cached: 30 }, ...otherPools] },
    violations: ['buffers out of the pool and in flight + held: 7 is not 9'],
  },
  {
    name: 'enqueued',
    evidence: { ...CONSISTENT, workers: [{ ...first, enqueued: 61 }, second] },
    violations: [
      'worker 0: enqueued and write cursor: 61 is not 60',
      'received and enqueued + dropped: 107 is not 108',
      'buffers out of the pool and in flight + held: 9 is not 10',
    ],
  },
  {
    name: 'write cursor',
    evidence: { ...CONSISTENT, workers: [first, { ...second, writeCursor: 39 }] },
    violations: ['worker 1: enqueued and write cursor: 40 is not 39'],
  },
  {
    name: 'processed',
    evidence: { ...CONSISTENT, workers: [first, { ...second, processed: 41 }] },
    violations: [
      'worker 1: processed + lost and read cursor: 41 is not 40',
      'worker 1: processed or lost 41 of 40 enqueued',
      'buffers out of the pool and in flight + held: 9 is not 8',
    ],
  },
  {
    name: 'lost',
    evidence: { ...CONSISTENT, workers: [{ ...first, lost: 2 }, second] },
    violations: [
      'worker 0: processed + lost and read cursor: 56 is not 57',
      'buffers out of the pool and in flight + held: 9 is not 10',
    ],
  },
  {
    name: 'read cursor',
    evidence: { ...CONSISTENT, workers: [{ ...first, readCursor: 58 }, second] },
    violations: ['worker 0: processed + lost and read cursor: 57 is not 58'],
  },
];

for (const { name, evidence, violations } of FALSIFIED) {
  t.test(`a false ${name} is found, with both sides`, async (t) => {
    t.same(checkIdentity(evidence), { holds: false, violations });
  });
}

const WRAPS = [
  { name: 'the last before the sign', packets: 2 ** 31 - 1, cursor: 2 ** 31 - 1 },
  { name: 'the first behind the sign', packets: 2 ** 31, cursor: -(2 ** 31) },
  { name: 'the last before the wrap', packets: 2 ** 32 - 1, cursor: -1 },
  { name: 'the wrap', packets: 2 ** 32, cursor: 0 },
  { name: 'a thousand times around', packets: 1000 * 2 ** 32 + 5, cursor: 5 },
];
for (const { name, packets, cursor } of WRAPS) {
  t.test(`cursors, orders and pool counts are compared modulo 2^32: ${name}`, async (t) => {
    const evidence = (processedBehind: number, returned: number, sent = packets - 3): IdentityEvidence => ({
      received: packets,
      dropped: 0,
      ...{ transmitOrders: cursor, sent, transmitFailed: 3, transmitWaiting: 0 },
      held: 0,
      pools: [
        { taken: cursor, returned: 0, cached: 0 },
        { taken: 0, returned, cached: 0 },
      ],
      workers: [
        {
          enqueued: packets,
          writeCursor: cursor,
          processed: packets - processedBehind,
          lost: 0,
          readCursor: (cursor - processedBehind) | 0,
        },
      ],
    });
    t.same(checkIdentity(evidence(0, cursor)), { holds: true, violations: [] });
    t.same(checkIdentity(evidence(9, (cursor - 9) | 0)), { holds: true, violations: [] });
    t.same(checkIdentity(evidence(9, (cursor - 8) | 0)).violations, [
      'buffers out of the pool and in flight + held: 8 is not 9',
    ]);
    t.match(checkIdentity(evidence(0, cursor, packets - 4)).violations, [/^frames to be sent and/]);
  });
}
