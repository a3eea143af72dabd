import { hashSync } from 'bcryptjs';
import t from 'tap';
import { Bcrypt } from '../../../src/stats/http/bcrypt.js';
import { PASSWORDS_WAITING_MAX } from '../../../src/stats/http/limits.js';
import { Passwords } from '../../../src/stats/http/passwords.js';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const HASHES = new Map([
  ['alice', '$2b$05$alice'],
  ['bob', '$2b$07$bob'],
]);

/** Passwords over a comparison that the test answers: whoever's password is the end of the hash is right. */
function create() {
  const compared: { password: string; hash: string }[] = [];
  const passwords = new Passwords({
    compare: async (password, hash) => {
      compared.push({ password, hash });
      await new Promise(setImmediate);
      return hash.endsWith(password);
    },
  });
  return { compared, judge: (header: string | undefined, users = HASHES) => passwords.judge(header, users) };
}

t.test('a right password is compared once and remembered', async (t) => {
  const { compared, judge } = create();
  for (let i = 0; i < 3; i++) t.equal(await judge(basic('alice', 'alice')), 'right');
  t.strictSame(compared, [{ password: 'alice', hash: '$2b$05$alice' }]);
});

t.test('a wrong one is compared every time, and so is one of another user', async (t) => {
  const { compared, judge } = create();
  t.equal(await judge(basic('alice', 'bob')), 'wrong');
  t.equal(await judge(basic('alice', 'bob')), 'wrong');
  t.equal(await judge(basic('bob', 'alice')), 'wrong');
  t.equal(compared.length, 3);
});

t.test('what was right is not, when the hash is another one, or the user is gone', async (t) => {
  const { judge } = create();
  t.equal(await judge(basic('alice', 'alice')), 'right');
  t.equal(await judge(basic('alice', 'alice'), new Map([['alice', '$2b$05$other']])), 'wrong');
  t.equal(await judge(basic('alice', 'alice'), new Map([['bob', '$2b$05$bob']])), 'wrong');
  t.equal(await judge(basic('alice', 'alice')), 'right');
});

t.test('a user who does not exist costs as much as the costliest, and is never right', async (t) => {
  const { compared, judge } = create();
  t.equal(await judge(basic('mallory', 'alice')), 'wrong');
  t.match(compared[0].hash, /^\$2b\$07\$.{53}$/);
  t.equal(
    await judge(basic('mallory', compared[0].hash)),
    'wrong',
    'not even by the hash that stands for theirs',
  );
});

t.test('what is no user name and password is wrong, and compared with nothing', async (t) => {
  const { compared, judge } = create();
  const token = Buffer.from('alice').toString('base64');
  for (const header of [
    undefined,
    '',
    'Basic',
    'Basic ',
    `Bearer ${token}`,
    `Basic ${token}`,
    'Basic !!',
    'basic a b',
  ]) {
    t.equal(await judge(header), 'wrong', String(header));
  }
  t.equal(compared.length, 0);
  t.equal(
    await judge(basic('alice', 'alice').replace('Basic', 'bAsIc')),
    'right',
    'the scheme has no case (RFC 7617)',
  );
});

t.test('many at once with the same password cost one comparison', async (t) => {
  const { compared, judge } = create();
  const judgements = await Promise.all(Array.from({ length: 100 }, () => judge(basic('alice', 'alice'))));
  t.ok(judgements.every((judgement) => judgement === 'right'));
  t.equal(compared.length, 1);
});

t.test('guesses beyond a few are not looked at, and who is remembered comes in meanwhile', async (t) => {
  const { judge } = create();
  t.equal(await judge(basic('bob', 'bob')), 'right');
  const guesses = Array.from({ length: 20 }, (_, i) => judge(basic('alice', `guess ${i}`)));
  t.equal(await judge(basic('bob', 'bob')), 'right');
  const judgements = await Promise.all(guesses);
  t.equal(judgements.filter((judgement) => judgement === 'wrong').length, PASSWORDS_WAITING_MAX);
  t.equal(judgements.filter((judgement) => judgement === 'busy').length, 20 - PASSWORDS_WAITING_MAX);
});

t.test('after a wrong guess the next one waits', async (t) => {
  const { judge } = create();
  const startMs = performance.now();
  await Promise.all([judge(basic('alice', '1')), judge(basic('alice', '2')), judge(basic('alice', '3'))]);
  t.ok(performance.now() - startMs >= 190);
});

t.test('bcrypt itself, on its thread: each prefix, letters beyond ASCII, a long password', async (t) => {
  const bcrypt = new Bcrypt();
  t.teardown(() => bcrypt.stop());
  const hash = hashSync('pässwörd', 4);
  for (const prefix of ['$2a', '$2b', '$2y']) {
    t.equal(await bcrypt.compare('pässwörd', hash.replace('$2b', prefix)), true, prefix);
  }
  t.equal(await bcrypt.compare('password', hash), false);
  t.equal(await bcrypt.compare('', hash), false);
  const long = 'x'.repeat(7000);
  t.equal(await bcrypt.compare(long, hashSync('x'.repeat(72), 4)), true, 'bcrypt looks at 72 bytes');
});
