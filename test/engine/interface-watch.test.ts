import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { InterfaceWatch } from '../../src/engine/interface-watch.js';

/** Every namespace has it, and nobody needs a privilege to ask about it. */
const LOOPBACK = 'lo';

/** A watch over an interface that is up, begun, and how often it has looked. */
function watchLoopback(t: Test, isTold: boolean) {
  let looks = 0;
  const watch = new InterfaceWatch(
    { names: [LOOPBACK], isTold },
    { onLook: () => looks++, onLink: () => undefined },
  );
  const [{ isUp }] = watch.open();
  t.teardown(() => watch.close());
  watch.begin();
  return { watch, isUp, looks: () => looks };
}

t.test('while all are up, a watch that is told looks less often', async (t) => {
  const [told, untold] = [watchLoopback(t, true), watchLoopback(t, false)];
  await sleep(900);
  t.ok(untold.looks() >= 3, `${untold.looks()} looks of one that nobody tells`);
  t.equal(told.looks(), told.isUp ? 1 : untold.looks());
  await sleep(400);
  t.ok(told.looks() >= 2, 'and it does look again');
});

t.test('a word about them is a look soon, and many words at once are one', async (t) => {
  const { watch, looks } = watchLoopback(t, true);
  for (let word = 0; word < 100; word++) watch.lookSoon();
  t.equal(looks(), 1, 'not at once');
  await sleep(100);
  t.equal(looks(), 2);
  watch.lookSoon();
  await sleep(100);
  t.equal(looks(), 3, 'and so is the next one');
});

t.test('a watch that is closed looks no more, whatever it is told', async (t) => {
  const { watch, looks } = watchLoopback(t, false);
  watch.lookSoon();
  watch.close();
  watch.lookSoon();
  await sleep(400);
  t.equal(looks(), 1);
});

t.test('it may be closed by whoever is told of a look', async (t) => {
  let looks = 0;
  const watch = new InterfaceWatch(
    { names: [LOOPBACK], isTold: false },
    {
      onLook: () => {
        looks++;
        watch.close();
      },
      onLink: () => undefined,
    },
  );
  watch.open();
  watch.begin();
  await sleep(400);
  t.equal(looks, 1);
});
