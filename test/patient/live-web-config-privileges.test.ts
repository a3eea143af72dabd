import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { startUpe } from '../support/upe-process.js';

const skip = process.getuid?.() !== 0 && 'changing to another user needs root';

t.test('a web configuration that only root may read is kept, and said to be so', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'web.yml');
  writeFileSync(file, `basic_auth_users: { alice: ${hashSync('secret', 4)} }\n`, { mode: 0o600 });
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_USER: 'nobody', UPE_WEB_CONFIG_FILE: file });
  const line = await upe.program.waitForLog('web configuration cannot be used: the old one stays');
  t.match(line.problems, [/may not be read by user \d+/]);
  const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
  t.equal((await upe.get('/metrics', { authorization })).status, 200);
  t.equal((await upe.get('/metrics')).status, 401);

  // The thread that has just compared the password began after the privileges were gone.
  const tasks = `/proc/${upe.program.pid}/task`;
  for (const task of readdirSync(tasks)) {
    const status = readFileSync(join(tasks, task, 'status'), 'utf8');
    t.match(status, /^CapEff:\t0+$/m, `thread ${/^Name:\t(.*)$/m.exec(status)?.[1]}`);
  }
  t.equal((await upe.stop()).exitCode, 0);
});
