import type { Talker } from '../page/talker.js';
import { flowText } from '../rules/explain/flow-text.js';
import type { TopAnswer } from '../stats/http/top-schema.js';

/** Columns of the bar of somebody who has everything. */
const BAR_COLUMNS = 20;
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** The answer as a person reads it. */
export function topText(answer: TopAnswer): string {
  const { total, top, of, by } = answer;
  const sections = [
    heading(answer)
      .map(([name, text]) => `${name.padEnd(7)}  ${text}`)
      .join('\n'),
    top.length === 0 ? 'No packet was seen in this time.' : table(answer),
    top.length === 0 ? '' : conclusion(answer),
  ];
  // A total without one to list is no error: what was lost may have been all.
  if (top.length === 0 && total[of] > 0) sections[1] = `No ${by} is known.`;
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function heading({ rule, unmatched, window, sampled, total, bounds, of }: TopAnswer): [string, string][] {
  const isExact = bounds.total_low === bounds.total_high;
  const lost = sampled.lost.samples === 0 ? 'none lost' : `${count(sampled.lost.samples)} lost`;
  const range = `; ${count(bounds.total_low)} to ${count(bounds.total_high)} ${of}`;
  return [
    [
      'rule',
      rule ?? (unmatched ? 'none: packets that no rule matches' : 'all, and packets that no rule matches'),
    ],
    ['window', `${window.seconds.toFixed(1)} s, since ${window.since.slice(0, 19).replace('T', ' ')} UTC`],
    [
      'sampled',
      sampled.one_in === 1 && sampled.lost.samples === 0
        ? 'every packet'
        : `one packet in ${sampled.one_in}: ${count(sampled.samples)}, ${lost}`,
    ],
    ['total', `${count(total.packets)} packets, ${count(total.bytes)} bytes${isExact ? '' : range}`],
  ];
}

function table({ top, by, of }: TopAnswer): string {
  const other = of === 'packets' ? 'bytes' : 'packets';
  const rows = [
    ['share', '', of, 'at least', 'at most', other, by],
    ...top.map((talker) => [
      `${(talker.share * 100).toFixed(1)} %`,
      '#'.repeat(Math.max(1, Math.round(talker.share * BAR_COLUMNS))),
      count(talker[of]),
      count(talker.low),
      count(talker.high),
      count(talker[other]),
      nameText(talker),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column: number) => column === 1 || column === rows[0].length - 1;
  const lines = rows.map((row) =>
    row
      .map((text, column) => (isText(column) ? text.padEnd(widths[column]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const ruler = '-'.repeat(Math.max(...lines.map((line) => line.length)));
  return [lines[0], ruler, ...lines.slice(1)].join('\n');
}

function nameText({ flow, source, destination }: Talker): string {
  if (flow === undefined) return source ?? destination ?? '';
  return flowText(flow.protocol, flow.source, flow.destination, {
    src: portText(flow.source_port),
    dst: portText(flow.destination_port),
  });
}

function portText(port: number | null): string | null {
  return port === null ? null : String(port);
}

function conclusion({ bounds, sampled, by, of }: TopAnswer): string {
  const isSampled = sampled.one_in !== 1 || sampled.lost.samples > 0;
  const sure = isSampled ? `Each bound holds with ${bounds.confidence * 100} % confidence. ` : '';
  return `${sure}Every other ${by} has at most ${count(bounds.unlisted_high)} ${of}.`;
}

function count(value: number): string {
  return whole.format(value);
}
