import { svgElement } from './elements.js';

/** Of the drawing, in its own units: as many as its height and width in pixels. */
export const SPARKLINE_WIDTH = 96;
export const SPARKLINE_HEIGHT = 20;
/** Passes that it shows. */
export const SPARKLINE_PASSES = 60;

/**
 * The line through some rates, from 0 at the bottom to the largest of them at the top, the last one at the right.
 *
 * @returns what an SVG path takes; empty while there are fewer than two rates.
 */
export function sparklinePath(rates: readonly number[]): string {
  if (rates.length < 2) return '';
  const most = Math.max(...rates);
  const step = SPARKLINE_WIDTH / (SPARKLINE_PASSES - 1);
  const first = SPARKLINE_PASSES - rates.length;
  const points = rates.map((own, i) => {
    const y = SPARKLINE_HEIGHT - 1 - (most === 0 ? 0 : (own / most) * (SPARKLINE_HEIGHT - 2));
    return `${((first + i) * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}

/** A drawing without a line, and the path that will be its line. It repeats a figure, so nobody has it read out. */
export function sparkline(): { readonly drawing: SVGSVGElement; readonly line: SVGPathElement } {
  const line = svgElement('path', {});
  const drawing = svgElement('svg', {
    class: 'sparkline',
    viewBox: `0 0 ${SPARKLINE_WIDTH} ${SPARKLINE_HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  drawing.append(line);
  return { drawing, line };
}
