import type { PassEvent } from '../../page/events.js';
import type { EngineState } from '../engine-state.js';
import { figure } from './figures.js';
import { type Content, type Html, html, NOTHING } from './markup.js';

/** What a source that is no network gives the newcomer to know. */
const SOURCE_NOTES: Readonly<Record<string, string>> = {
  demo: 'This is generated traffic. To watch an interface, set UPE_SOURCE=afpacket and UPE_INTERFACE.',
};

/** Which engine this is, and whether it is well. */
export function engineSection(state: EngineState, pass: PassEvent, notReadyBecause: string | null): Html {
  const note = SOURCE_NOTES[state.source];
  const facts: [string, Content][] = [
    ['Source', state.isSourceFinished ? `${state.source} (finished)` : state.source],
    ['Mode', state.mode],
    ['Workers', String(pass.workers.length)],
    ['Uptime', figure(pass, 'uptime_seconds', 'seconds')],
    [
      'State',
      notReadyBecause === null
        ? html`<b class="good">ready</b>`
        : html`<b class="bad">not ready: ${notReadyBecause}</b>`,
    ],
  ];
  return html`<section aria-label="Engine" id="engine" data-live>
<dl class="facts">
${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
${note === undefined ? NOTHING : html`<p class="note">${note}</p>`}
</section>`;
}
