import t from 'tap';
import { FIRST_RULE_SLOT, SLOT_BYTES, SLOT_CELLS, SLOT_PACKETS } from '../../src/counters/catalogue.js';
import { PassRates } from '../../src/stats/pass-rates.js';
import { createTotals } from '../../src/stats/totals.js';

/** Totals of two interfaces and one rule, and the rates over them. */
function start() {
  const totals = createTotals(['eth0', 'eth1'], FIRST_RULE_SLOT + 1, 1);
  totals.slotsInUse = FIRST_RULE_SLOT + 1;
  return { totals, rates: new PassRates(totals) };
}

t.test('before there were two passes there are no rates', async (t) => {
  const { rates } = start();
  t.ok(Number.isNaN(rates.packets(0)));
  rates.note(1000);
  t.ok(Number.isNaN(rates.packets(0)));
  t.ok(Number.isNaN(rates.slotPackets(FIRST_RULE_SLOT)));
  t.ok(Number.isNaN(rates.windowSeconds));
});

t.test('a rate is what came between two passes, by the time between them', async (t) => {
  const { totals, rates } = start();
  totals.interfaces[1].packets = 100;
  totals.slots[FIRST_RULE_SLOT * SLOT_CELLS + SLOT_PACKETS] = 7;
  rates.note(1000);
  Object.assign(totals.interfaces[1], { packets: 400, bytes: 30_000, sentPackets: 60, sentBytes: 90 });
  totals.slots[FIRST_RULE_SLOT * SLOT_CELLS + SLOT_PACKETS] = 22;
  totals.slots[FIRST_RULE_SLOT * SLOT_CELLS + SLOT_BYTES] = 3000;
  rates.note(2500);
  t.equal(rates.windowSeconds, 1.5);
  t.equal(rates.packets(0), 0);
  t.equal(rates.packets(1), 200);
  t.equal(rates.bytes(1), 20_000);
  t.equal(rates.sentPackets(1), 40);
  t.equal(rates.sentBytes(1), 60);
  t.equal(rates.slotPackets(FIRST_RULE_SLOT), 10);
  t.equal(rates.slotBytes(FIRST_RULE_SLOT), 2000);
});

t.test('a worker has a rate, and the part of the time that it was at work', async (t) => {
  const { totals, rates } = start();
  Object.assign(totals.workers[0], { packets: 10, busySeconds: 3 });
  rates.note(1000);
  t.ok(Number.isNaN(rates.workerBusy(0)));
  Object.assign(totals.workers[0], { packets: 4010, busySeconds: 3.5 });
  rates.note(3000);
  t.equal(rates.workerPackets(0), 2000);
  t.equal(rates.workerBusy(0), 0.25);
  t.equal(rates.slotPackets(FIRST_RULE_SLOT), 0, 'and what comes after it stays apart');
});

t.test('a pass that follows too closely is left out', async (t) => {
  const { totals, rates } = start();
  rates.note(0);
  totals.interfaces[0].packets = 100;
  rates.note(1000);
  totals.interfaces[0].packets = 1_000_000;
  rates.note(1499);
  t.equal(rates.packets(0), 100);
  totals.interfaces[0].packets = 1100;
  rates.note(1500);
  t.equal(rates.packets(0), 2000);
});
