import { type EngineState, malformedCounts, unclassifiedCounts } from '../engine-state.js';
import { count, share } from './figures.js';
import { type Html, html, NOTHING, table } from './markup.js';

/** Frames that reach no rule, by what is the matter with them; nothing while there are none. */
export function unjudgedSection({ aggregator, unjudged }: EngineState): Html {
  const { totals } = aggregator;
  const frames = [
    ...malformedCounts(totals).map((own) => ({
      ...own,
      what: `malformed: ${own.reason}`,
      verdict: unjudged.malformed,
    })),
    ...unclassifiedCounts(totals).map((own) => ({
      ...own,
      what: `unclassified: ${own.kind}`,
      verdict: unjudged.unclassified,
    })),
  ].filter(({ packets }) => packets > 0);
  if (frames.length === 0) return NOTHING;
  return html`<section aria-labelledby="unjudged">
<h2 id="unjudged">Frames that reach no rule</h2>
${table(
  'unjudged-now',
  'Frames that reach no rule',
  [
    { title: 'frame', kind: 'text' },
    { title: 'verdict', kind: 'text' },
    { title: 'packets', kind: 'number' },
    { title: 'bytes', kind: 'number' },
    { title: 'share', kind: 'number' },
  ],
  frames.map(({ what, verdict, packets, bytes }) => ({
    cells: [what, verdict, count(packets), count(bytes), share(packets, totals.processed)],
  })),
)}
</section>`;
}
