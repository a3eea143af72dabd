import type { PassEvent } from '../../page/events.js';
import type { EngineState } from '../engine-state.js';
import { figure } from './figures.js';
import { type Html, html, NOTHING, table } from './markup.js';

/** Frames that reach no rule, by what is the matter with them; nothing while there are none. */
export function unjudgedSection(pass: PassEvent, verdicts: EngineState['unjudged']): Html {
  if (pass.unjudged.length === 0) return NOTHING;
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
  pass.unjudged.map(({ kind }, i) => ({
    cells: [
      kind,
      kind.startsWith('malformed') ? verdicts.malformed : verdicts.unclassified,
      figure(pass, `unjudged.${i}.packets`),
      figure(pass, `unjudged.${i}.bytes`),
      figure(pass, `unjudged.${i}.ratio`, 'ratio'),
    ],
  })),
)}
</section>`;
}
