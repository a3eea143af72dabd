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
data        since 2026-11-26 06:00 UTC, 6 hours of 1 day: nothing is known of before
instances   1

The only rule has matched a packet since 2026-11-26 06:00 UTC.
`,
  );
});

const RULE = {
  rule: 'a',
  last_match: null,
  data_since: REPORT.data_since,
  coverage: 1,
  instances: 1,
};
const TWO = [...REPORT.instances, { job: 'edge', instance: 'b:9912', has_data_now: true }];
const SINCE = 'since 2026-11-26 06:00 UTC.';

/** What differs from the report above, and the last line. */
const CONCLUSIONS: readonly [Partial<UnusedReport>, string][] = [
  [{ rules: 14 }, `Every rule has matched a packet ${SINCE}`],
  [{ unused: [RULE] }, `The only rule matched no packet on the only instance ${SINCE}`],
  [
    { rules: 14, unused: [RULE], instances: TWO },
    `1 of 14 rules matched no packet on any of 2 instances ${SINCE}`,
  ],
  [{ rules: 14, young: [RULE] }, `No rule has been there without a match ${SINCE}`],
  [{ no_data: ['b'] }, `The only rule that was judged has matched a packet ${SINCE}`],
  [{ rules: 0, no_data: ['b'] }, 'No rule was judged.'],
];

t.test('the last line is a sentence, whatever there is to say', async (t) => {
  for (const [own, line] of CONCLUSIONS) {
    t.equal(
      unusedText({ ...REPORT, ...own })
        .trimEnd()
        .split('\n')
        .at(-1),
      line,
    );
  }
});

t.test('how far data reaches is told in the unit that fits', async (t) => {
  for (const [data_since, part] of [
    ['2026-11-25T14:20:00Z', '21 hours of 90 days'],
    ['2026-11-24T13:00:00Z', '47 hours of 90 days'],
    ['2026-11-24T00:00:00Z', '2.5 of 90 days'],
  ]) {
    t.match(unusedText({ ...REPORT, days: 90, data_since }), ` UTC, ${part}: nothing is known of before\n`);
  }
});

t.test('data that is younger than can be known is told so, and no time of it', async (t) => {
  for (const [days, span] of [
    [1, '15 minutes'],
    [90, '22 hours'],
    [3650, '37 days'],
  ] as const) {
    const lines = unusedText({ ...REPORT, days, data_since: REPORT.time }).split('\n');
    t.match(lines.join('\n'), `\ndata        less than ${span} of `);
    t.match(lines.at(-2), `in less than ${span}.`);
  }
});

t.test('of many names that are not the answer, the first are told', async (t) => {
  const names = Array.from({ length: 25 }, (_, i) => `r${i}`);
  const text = unusedText({ ...REPORT, no_data: names, removed: ['x'] });
  t.match(
    text,
    /\nNot judged, because no instance has had them in these days, 25 of the 26 rules of the file: r0, r1, .*, r19 and 5 more\.\n/,
  );
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
