import t from 'tap';
import {
  assertReplay,
  assertReplayOfEach,
  sharedCaptures,
  withoutSharedCaptures,
} from '../support/shared-captures.js';

const options = { skip: withoutSharedCaptures };

t.test('all readable captures in one replay', options, async (t) => {
  const readable = sharedCaptures().filter(({ isReadable }) => isReadable);
  t.ok(readable.length >= 40, `${readable.length} captures`);
  await assertReplay(t, readable);
});

t.test('all captures in one replay, those that cannot be read among the others', options, async (t) => {
  await assertReplay(t, sharedCaptures());
});

t.test('each readable capture, alone', options, async (t) => {
  await assertReplayOfEach(
    t,
    sharedCaptures().filter(({ isReadable }) => isReadable),
  );
});

t.test('each capture that cannot be read, alone in a process', options, async (t) => {
  const unreadable = sharedCaptures().filter(({ isReadable }) => !isReadable);
  t.ok(unreadable.length >= 4, `${unreadable.length} captures`);
  for (const capture of unreadable) await assertReplay(t, [capture]);
});
