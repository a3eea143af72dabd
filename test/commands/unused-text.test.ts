import t from 'tap';
import type { UnusedReport } from '../../src/commands/unused-report.js';
import { unusedText } from '../../src/commands/unused-text.js';

const REPORT: UnusedReport = {
  prometheus: 'http://localhost:9090',
  selector: 'job="edge"',
  rules_file: null,
  days: 1,
  time: '2026-11-26T12:00:00Z',
  window_start: '2026-11-25T12:00:00Z',
  data_since: '2026-11-26T06:00:00Z',
  reaches_window_start: false,
  instances: [{ job: 'edge', instance: 'a:9912', has_data_now: true }],
  rules: 1,
  unused: [],
  young: [],
  no_data: [],
  removed: [],
};

t.test('nothing unused is said in one sentence, with what it is worth', async (t) => {
  t.equal(
    unusedText(REPORT),
    `prometheus  http://localhost:9090 {job="edge"}
window      1 day, since 2026-11-25 12:00 UTC
data        since 2026-11-26 06:00 UTC, 0.3 of 1 days: nothing is known of before
instances   1

0 of 1 rule matched no packet on the only instance since 2026-11-26 06:00 UTC.
`,
  );
});

t.test('of many names that are not the answer, the first are told', async (t) => {
  const names = Array.from({ length: 25 }, (_, i) => `r${i}`);
  const text = unusedText({ ...REPORT, no_data: names, removed: ['x'] });
  t.match(text, /\nIn the file, and on no instance in these days: r0, r1, .*, r19 and 5 more\.\n/);
  t.match(text, /\nOn no instance any more: x\.\n/);
});

t.test('labels cannot speak to the terminal', async (t) => {
  const rule = {
    rule: 'a\u001b[2J\nb\u009b',
    last_match: null,
    data_since: REPORT.time,
    coverage: 1,
    instances: 1,
  };
  const text = unusedText({ ...REPORT, unused: [rule], removed: ['\r\u0007'] });
  t.match(text, '\na?[2J?b?  none known  2026-11-26 12:00 UTC\n');
  t.match(text, '\nOn no instance any more: ??.\n');
});
