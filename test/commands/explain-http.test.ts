import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { EngineAnswer } from '../../src/stats/http/explain-endpoint.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { eventually, startUpe } from '../support/upe-process.js';

const RULE = (port: number) => `rules:\n  - { name: port, match: { dst_port: ${port} }, action: drop }\n`;

t.test('an engine at work answers from the rules in use, those after a reload included', async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, RULE(23));
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000', UPE_RULES_FILE: file });
  const ask = async (query: string) =>
    (await (await upe.get(`/api/v1/explain?${query}`)).json()) as EngineAnswer;
  const telnet = 'protocol=tcp&dst_port=23';
  t.match(await ask(telnet), { generation: 1, verdict: { kind: 'rule', rule: 'port', action: 'drop' } });

  writeFileSync(file, RULE(22));
  upe.program.signal('SIGHUP');
  const answer = await eventually('answer of the second generation', async () => {
    const own = await ask(telnet);
    // Never a mixture of the two.
    t.equal(own.verdict.kind, own.generation === 1 ? 'rule' : 'unmatched');
    return own.generation === 2 && own;
  });
  t.strictSame(answer.rules, [
    {
      position: 1,
      rule: 'port',
      action: 'drop',
      out_interface: null,
      result: 'no_match',
      field: 'dst_port',
      has: '23',
      wants: '22',
      after_match: false,
    },
  ]);

  // A file that is refused changes nothing.
  writeFileSync(file, 'rules: [');
  upe.program.signal('SIGHUP');
  await upe.program.waitForLog('reload failed');
  t.match(await ask(telnet), { generation: 2, verdict: { kind: 'unmatched' } });
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('the interfaces are those of the engine', async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, 'rules:\n  - { name: in, match: { in_interface: [demo, eth7] }, action: drop }\n');
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000', UPE_RULES_FILE: file });
  const ask = async (name: string) =>
    (await (await upe.get(`/api/v1/explain?dst=10.0.0.1&in_interface=${name}`)).json()) as EngineAnswer;
  t.match((await ask('demo')).verdict, { kind: 'rule', rule: 'in' });
  const { verdict, rules } = await ask('eth7');
  t.match(verdict, { kind: 'unmatched' }, 'no packet of this engine comes in by it');
  t.match(rules, [
    {
      has: 'an interface that is not in use',
      wants: 'demo or an interface that is not in use',
    },
  ]);
  await upe.stop();
});
