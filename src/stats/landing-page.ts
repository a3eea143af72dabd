import { type EngineState, malformedCounts, unclassifiedCounts, unmatchedCounts } from './engine-state.js';

const count = new Intl.NumberFormat('en-US');

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; }
@media (prefers-color-scheme: dark) { :root { --good: #57d27a; --bad: #ff7b72; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; } h1 small { font-weight: normal; font-size: 1rem; opacity: .7; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td.time { white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.never { opacity: .55; } .good { color: var(--good); } .bad { color: var(--bad); }
nav a { margin-right: 1.25rem; } code { font-size: .9em; }
`;

/** The page on /: what this is, where the endpoints are, the totals, and whether everything adds up. */
export function landingPage(state: EngineState): string {
  const { notice } = state.series;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>UPE</title>
<style>${STYLE}</style>
</head>
<body>
<h1>UPE <small>userspace packet engine ${escapeHtml(state.version)}</small></h1>
<p>Source <code>${escapeHtml(state.source)}</code>${state.isSourceFinished ? ' (finished)' : ''},
mode <code>${state.mode}</code>, ${count.format(notice.live.length)} rules, generation ${state.reload.generation}${
    state.reload.successful ? '' : ', <b class="bad">the last reload failed</b>'
  }.</p>
<nav aria-label="Endpoints">
<a href="/metrics">/metrics</a><a href="/-/healthy">/-/healthy</a><a href="/-/ready">/-/ready</a>
</nav>
${identitySection(state)}
${interfacesSection(state)}
${rulesSection(state)}
${framesSection(state)}
</body>
</html>
`;
}

function identitySection(state: EngineState): string {
  const { totals, violationCount, passCount } = state.aggregator;
  const dropped = totals.received - totals.enqueued;
  const violations = totals.identity.violations.map((text) => `<li>${escapeHtml(text)}</li>`).join('');
  const verdict = totals.identity.holds
    ? '<b class="good">Every packet is accounted for.</b>'
    : `<b class="bad">The accounting identity does not hold.</b><ul>${violations}</ul>`;
  return `<h2>Accounting</h2>
<p>${verdict} Checked in ${count.format(passCount)} passes, ${count.format(violationCount)} violations.</p>
<div class="scroll"><table>
<tr><th>received</th><th>dropped before a worker</th><th>processed</th><th>in flight</th></tr>
<tr>${[totals.received, dropped, totals.processed, totals.inFlight]
    .map((value) => `<td>${count.format(value)}</td>`)
    .join('')}</tr>
</table></div>`;
}

/** What came in and went out where; a source without interfaces has one line under its own name. */
function interfacesSection(state: EngineState): string {
  const { live, aggregator, readInterfaceCount } = state;
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  const rows = aggregator.totals.interfaces.map((own, i) => {
    const linkState = live === null ? '' : live.isUp(i) ? 'up' : 'down';
    const read = i < readInterfaceCount ? [own.packets, sum(own.dropped), own.kernelDropped] : [0, 0, 0];
    return row([own.name, linkState], [...read, own.sentPackets, sum(own.failed)], null, false);
  });
  return `<h2>Interfaces</h2>
<div class="scroll"><table>
<tr><th>interface</th><th>link</th><th class="number">received</th><th class="number">dropped</th><th class="number">lost by the kernel</th><th class="number">sent</th><th class="number">failed to be sent</th></tr>
${rows.join('\n')}
</table></div>`;
}

function rulesSection(state: EngineState): string {
  const { series, aggregator } = state;
  const rows = series.notice.live.map((rule) => {
    const { packets, bytes, lastMs } = series.counts(rule, aggregator.totals.slots);
    return row(
      [rule.rule, rule.action, rule.matchText || 'every packet'],
      [packets, bytes],
      lastMs === 0 ? 'never' : new Date(lastMs).toISOString().slice(0, 19).replace('T', ' '),
      packets === 0,
    );
  });
  for (const { action, packets, bytes } of unmatchedCounts(aggregator.totals)) {
    if (packets > 0 || action === series.notice.defaultAction) {
      rows.push(row(['(no rule)', action, ''], [packets, bytes], '', packets === 0));
    }
  }
  const live = new Set(series.notice.live.map(({ rule, action }) => `${rule} ${action}`));
  for (const { rule, action, packets, bytes } of series.all(aggregator.totals.slots)) {
    if (!live.has(`${rule} ${action}`))
      rows.push(row([rule, action, '(no longer in the table)'], [packets, bytes], '', true));
  }
  return `<h2>Rules, in the order in which they are tried</h2>
<div class="scroll"><table>
<tr><th>rule</th><th>action</th><th>match</th><th class="number">packets</th><th class="number">bytes</th><th>last match (UTC)</th></tr>
${rows.join('\n')}
</table></div>`;
}

function framesSection(state: EngineState): string {
  const { totals } = state.aggregator;
  const frames = [
    ...malformedCounts(totals).map((own) => ({ ...own, what: `malformed: ${own.reason}` })),
    ...unclassifiedCounts(totals).map((own) => ({ ...own, what: `unclassified: ${own.kind}` })),
  ].filter((own) => own.packets > 0);
  if (frames.length === 0) return '';
  return `<h2>Frames that reach no rule</h2>
<div class="scroll"><table>
<tr><th>what</th><th class="number">packets</th><th class="number">bytes</th></tr>
${frames.map(({ what, packets, bytes }) => row([what], [packets, bytes], null, false)).join('\n')}
</table></div>`;
}

function row(
  texts: readonly string[],
  numbers: readonly number[],
  last: string | null,
  never: boolean,
): string {
  const cells = [
    ...texts.map((text) => `<td>${escapeHtml(text)}</td>`),
    ...numbers.map((value) => `<td class="number">${count.format(value)}</td>`),
    ...(last === null ? [] : [`<td class="time">${escapeHtml(last)}</td>`]),
  ];
  return `<tr${never ? ' class="never"' : ''}>${cells.join('')}</tr>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
