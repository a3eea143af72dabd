import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { allDashboards, fileOf, textOf } from '../../dashboards/all-dashboards.js';

const GENERATE = fileURLToPath(new URL('../../dashboards/generate.js', import.meta.url));

for (const dashboard of allDashboards()) {
  t.test(`${dashboard.uid}.json is what its source makes`, async (t) => {
    t.equal(readFileSync(fileOf(dashboard), 'utf8'), textOf(dashboard), 'else: npm run dashboards');
  });
}

t.test('there is no other dashboard', async (t) => {
  const files = readdirSync('dashboards').filter((file) => file.endsWith('.json'));
  const expected = allDashboards().map((dashboard) => basename(fileOf(dashboard).pathname));
  t.same(files.sort(), expected.sort());
});

t.test('the generator agrees', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [GENERATE, '--check'], { encoding: 'utf8' });
  t.equal(stderr, '');
  t.equal(status, 0);
});
