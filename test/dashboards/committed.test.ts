import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import { allDashboards, fileOf, textOf } from '../../dashboards/all-dashboards.js';

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
