import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RulesAnswer } from '../../src/stats/http/rules-schema.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { eventually, startUpe } from '../support/upe-process.js';

const WEB = '  - { name: web, match: { protocol: tcp, dst_port: 443 }, action: count }\n';
const OLD = '  - { name: old, match: { vlan: 4000 }, action: drop }\n';
const YOUNG = '  - { name: young, match: { vlan: 4001 }, action: drop }\n';

t.test('counts, last match and since when a rule is in the table go on over reloads', async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, `rules:\n${WEB}${OLD}`);
  const beganMs = Date.now();
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_RULES_FILE: file });
  const answer = async (query = '') => (await (await upe.get(`/api/v1/rules${query}`)).json()) as RulesAnswer;
  const first = await eventually('web traffic', async () => {
    const own = await answer();
    return own.rules[0].packets > 0 && own.rules[0].packets_per_second !== null && own;
  });
  const [web, old] = first.rules;
  t.match(old, { rule: 'old', position: 2, action: 'drop', packets: 0, last_match: null });
  for (const time of [first.loaded, first.time, web.last_match ?? '', web.in_table_since]) {
    const atMs = Date.parse(time);
    t.ok(atMs >= beganMs - 1000 && atMs <= Date.now() + 1000, `${time} lies in the life of the process`);
  }
  t.ok(first.uptime_seconds > 0 && first.uptime_seconds * 1000 <= Date.now() - beganMs);

  writeFileSync(file, `rules:\n${YOUNG}${WEB}`);
  upe.program.signal('SIGHUP');
  const second = await eventually('the second generation', async () => {
    const own = await answer();
    return own.generation === 2 && own;
  });
  t.strictSame(
    second.rules.map(({ rule }) => rule),
    ['young', 'web'],
  );
  const [young, moved] = second.rules;
  t.ok(moved.packets >= web.packets, 'its counts go on at its new place');
  t.equal(moved.in_table_since, web.in_table_since);
  t.ok(young.in_table_since > web.in_table_since, 'a new rule is as old as its table');
  t.ok(second.loaded > first.loaded);
  t.strictSame(
    (await answer('?matched=false')).rules.map(({ rule }) => rule),
    ['young'],
  );

  // It was away for a while, so it begins anew.
  writeFileSync(file, `rules:\n${WEB}${OLD}`);
  upe.program.signal('SIGHUP');
  const third = await eventually('the third generation', async () => {
    const own = await answer('?name=old');
    return own.generation === 3 && own;
  });
  t.ok(third.rules[0].in_table_since > young.in_table_since);
  t.equal((await upe.stop()).exitCode, 0);
});
