import { setText } from './elements.js';
import type { PassEvent } from './events.js';
import { agoText } from './figures.js';
import { type FigureFormat, figureAt, figureText } from './pass-figures.js';

/**
 * Puts the figures of a pass where the page has figures. Nothing moves below a text that somebody has selected.
 */
export function showFigures(pass: PassEvent): void {
  if (getSelection()?.isCollapsed === false) return;
  for (const place of document.querySelectorAll<HTMLElement>('[data-figure]')) {
    const { figure = '', format = 'count' } = place.dataset;
    setText(place, figureText(pass, figure, format as FigureFormat));
  }
  for (const meter of document.querySelectorAll<HTMLMeterElement>('meter[data-meter]')) {
    meter.value = figureAt(pass, meter.dataset.meter ?? '') ?? 0;
  }
  for (const place of document.querySelectorAll<HTMLElement>('[data-loss]')) {
    place.className = (figureAt(pass, place.dataset.loss ?? '') ?? 0) > 0 ? 'bad' : 'none';
  }
  for (const time of document.querySelectorAll<HTMLTimeElement>('main time[datetime]')) {
    setText(time, agoText(Date.parse(time.dateTime), pass.at_ms));
  }
}

/**
 * Fetches the page again and takes over its marked parts, when more of it has changed than figures: a loss of a kind that
 * there was not before, a reload that has failed. When it is another version of UPE, all of it is loaded again.
 */
export async function takeOverParts(): Promise<void> {
  const answer = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const title = next.querySelector('h1')?.textContent;
  if (title !== document.querySelector('h1')?.textContent) location.reload();
  for (const part of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const other = next.getElementById(part.id);
    // A part within another one has gone with it.
    if (other === null || !part.isConnected || part.innerHTML === other.innerHTML) continue;
    part.replaceChildren(...other.childNodes);
  }
  const main = document.querySelector('main');
  const key = next.querySelector('main')?.dataset.page;
  if (main !== null && key !== undefined) main.dataset.page = key;
}
