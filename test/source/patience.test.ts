import t from 'tap';
import { Patience } from '../../src/source/patience.js';

t.test('it lasts from the first wait on, and does not come back by itself', async (t) => {
  const patience = new Patience(50);
  t.same(
    [1000, 1000, 1049.9, 1050, 1051, 9000].map((nowMs) => patience.mayWait(nowMs)),
    [true, true, true, false, false, false],
  );
});

t.test('time in which nobody waits counts as well, once it has begun', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.mayWait(1000), true);
  t.equal(patience.mayWait(1060), false);
});

t.test('time before the first wait does not count', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.mayWait(0), true, 'also when the clock begins at 0');
  t.equal(new Patience(50).mayWait(1e9), true);
  t.equal(patience.mayWait(49), true);
  t.equal(patience.mayWait(50), false);
});

t.test('renewed, it begins again with the next wait', async (t) => {
  const patience = new Patience(50);
  patience.mayWait(0);
  t.equal(patience.mayWait(60), false);
  patience.renew();
  t.equal(patience.mayWait(500), true);
  t.equal(patience.mayWait(549), true);
  t.equal(patience.mayWait(550), false);
});

t.test('it is touched from the first wait until it is renewed', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.isTouched(), false);
  patience.mayWait(0);
  t.equal(patience.isTouched(), true);
  patience.mayWait(100);
  t.equal(patience.isTouched(), true, 'also when it is used up');
  patience.renew();
  t.equal(patience.isTouched(), false);
  patience.renew();
  t.equal(patience.isTouched(), false);
});

t.test('who has none never waits, who has no end of it always does', async (t) => {
  const none = new Patience(0);
  const endless = new Patience(Number.POSITIVE_INFINITY);
  for (const nowMs of [0, 1, 1, 1e12]) {
    t.equal(none.mayWait(nowMs), false, `none at ${nowMs}`);
    t.equal(endless.mayWait(nowMs), true, `endless at ${nowMs}`);
  }
});
