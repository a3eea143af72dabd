import type { Page } from 'playwright-core';

/** A text whose contrast with what is behind it is too low to be read by everybody. */
export interface FaintText {
  readonly text: string;
  /** To 1. */
  readonly ratio: number;
}

/** What AA asks of text of any size. Source: WCAG 2.2, success criterion 1.4.3. */
const RATIO_MIN = 4.5;

/**
 * Runs in the page. The luminance and the ratio are those of WCAG 2.2. Within a frame that scrolls, the line's
 * colour is behind a text, too: it is the shadow at the edge.
 */
const FIND_FAINT = `(ratioMin) => {
  const channels = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { alpha, rgb: [red, green, blue] };
  };
  const luminance = ({ rgb }) => {
    const [red, green, blue] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let own = element; own !== null; own = own.parentElement) {
      const colour = channels(getComputedStyle(own).backgroundColor);
      if (colour.alpha === 1) return colour;
      if (colour.alpha !== 0) throw new Error('a colour that shines through cannot be judged');
    }
    throw new Error('nothing is behind the page');
  };
  const faint = [];
  let texts = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (own === '' || !element.checkVisibility() || element.tagName === 'SCRIPT') continue;
    texts++;
    const colour = channels(getComputedStyle(element).color);
    const grounds = [behind(element)];
    const cell = element.closest('.scroll') && element.closest('td, th');
    if (cell) grounds.push(channels(getComputedStyle(cell).borderBottomColor));
    const lowest = Math.min(...grounds.map((ground) => ratio(colour, ground)));
    if (lowest < ratioMin) faint.push({ text: own, ratio: lowest });
  }
  return { texts, faint };
}`;

/** All visible texts of a page whose contrast is below 4.5 to 1, and how many texts there are. */
export function findFaintTexts(page: Page): Promise<{ texts: number; faint: FaintText[] }> {
  return page.evaluate(`(${FIND_FAINT})(${RATIO_MIN})`);
}
