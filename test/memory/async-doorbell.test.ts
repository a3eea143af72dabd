import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { AsyncDoorbell } from '../../src/memory/async-doorbell.js';
import { Doorbell } from '../../src/memory/doorbell.js';

function create() {
  const words = new Int32Array(new SharedArrayBuffer(8));
  let calls = 0;
  const own = new AsyncDoorbell(words, 1, () => {
    calls++;
  });
  return { own, others: new Doorbell(words, 1), calls: () => calls };
}

t.test('a ring calls the owner, once', async (t) => {
  const { own, others, calls } = create();
  for (let round = 1; round <= 100; round++) {
    own.announce();
    own.listen();
    others.ring();
    others.ring();
    t.equal(calls(), round - 1, 'not in the middle of something else');
    for (let looks = 0; calls() < round && looks < 1000; looks++) await sleep(1);
    t.equal(calls(), round);
  }
});

t.test('a ring between announcement and listening is not lost', async (t) => {
  const { own, others, calls } = create();
  own.announce();
  others.ring();
  own.listen();
  for (let looks = 0; calls() < 1 && looks < 1000; looks++) await turn();
  t.equal(calls(), 1);
});

t.test('an owner that went back to work by itself is not called until it has announced again', async (t) => {
  const { own, others, calls } = create();
  own.announce();
  own.listen();
  own.withdraw();
  others.ring();
  await sleep(5);
  t.equal(calls(), 0);
  own.announce();
  own.listen();
  others.ring();
  await sleep(5);
  t.equal(calls(), 1);
});
