import type { PassEvent } from '../../page/events.js';
import { agoText } from '../../page/figures.js';
import { type FigureFormat, figureText } from '../../page/pass-figures.js';
import { type Html, html } from './markup.js';

/** How long before `nowMs` something was, with the moment itself for programs and on demand. Unix times, milliseconds. */
export function ago(atMs: number, nowMs: number): Html {
  const moment = new Date(atMs).toISOString();
  return html`<time datetime="${moment}" title="${moment}">${agoText(atMs, nowMs)}</time>`;
}

/**
 * A figure of the pass as text, in an element that says where it is from: the script puts the next one there.
 *
 * @param path in the event, like `rings.0.used`.
 */
export function figure(pass: PassEvent, path: string, format: FigureFormat = 'count'): Html {
  return html`<span class="figure" data-figure="${path}" data-format="${format}">${figureText(pass, path, format)}</span>`;
}
