import t from 'tap';
import { Patience } from '../../src/source/patience.js';

/** A clock that stands. */
const at = (nowMs: number) => ({ nowMs: () => nowMs, unixMs: () => 0 });

t.test('it lasts from the first wait on, and does not come back by itself', async (t) => {
  const patience = new Patience(50);
  t.same(
    [1000, 1000, 1049.9, 1050, 1051, 9000].map((nowMs) => patience.mayWait(at(nowMs))),
    [true, true, true, false, false, false],
  );
});

t.test('time in which nobody waits counts as well, once it has begun', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.mayWait(at(1000)), true);
  t.equal(patience.mayWait(at(1060)), false);
});

t.test('time before the first wait does not count', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.mayWait(at(0)), true, 'also when the clock begins at 0');
  t.equal(new Patience(50).mayWait(at(1e9)), true);
  t.equal(patience.mayWait(at(49)), true);
  t.equal(patience.mayWait(at(50)), false);
});

t.test('renewed, it begins again with the next wait', async (t) => {
  const patience = new Patience(50);
  patience.mayWait(at(0));
  t.equal(patience.mayWait(at(60)), false);
  patience.renew();
  t.equal(patience.mayWait(at(500)), true);
  t.equal(patience.mayWait(at(549)), true);
  t.equal(patience.mayWait(at(550)), false);
});

t.test('it is touched from the first wait until it is renewed', async (t) => {
  const patience = new Patience(50);
  t.equal(patience.isTouched(), false);
  patience.mayWait(at(0));
  t.equal(patience.isTouched(), true);
  patience.mayWait(at(100));
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
    t.equal(none.mayWait(at(nowMs)), false, `none at ${nowMs}`);
    t.equal(endless.mayWait(at(nowMs)), true, `endless at ${nowMs}`);
  }
});

t.test('without a limit nobody looks at the clock', async (t) => {
  const clock = {
    nowMs: () => t.fail('a look at the clock') as never,
    unixMs: () => 0,
  };
  t.equal(new Patience(Number.POSITIVE_INFINITY).mayWait(clock), true);
});
