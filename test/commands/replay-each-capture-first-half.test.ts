import t from 'tap';
import { assertReplayOfEach, sharedCaptures, withoutSharedCaptures } from '../support/shared-captures.js';

// A process for each file takes long, so the files are shared out among two tests that can run side by side.
t.setTimeout(60_000);
t.test('the first half of the readable captures, each alone', { skip: withoutSharedCaptures }, async (t) => {
  const readable = sharedCaptures().filter(({ isReadable }) => isReadable);
  await assertReplayOfEach(
    t,
    readable.filter((_, i) => i % 2 === 0),
  );
});
