/** How sure the bounds of an estimate are. */
export const CONFIDENCE = 0.99;
/**
 * Standard deviations to either side. Of a normal distribution 2.58 would do; three leave room for what is not one:
 * a flow of few samples, and the list of the heaviest, which prefers those that are estimated too high.
 */
const DEVIATIONS = 3;

/**
 * Bounds of a sum that was estimated from samples, each taken with a known probability: those of a Poisson count
 * (Garwood, 1936) of as many events as have this variance, by the approximation of Wilson and Hilferty (1931). Unlike
 * the estimate plus and minus something, they hold for a handful of samples, too, and for none.
 *
 * @param estimate 0 or more.
 * @param unit the variance of the estimate by the sum: `interval - 1` for packets that were all sampled at one
 *   interval; 0 where all packets were taken: both bounds are the estimate itself then.
 */
export function samplingBounds(
  estimate: number,
  unit: number,
): { readonly low: number; readonly high: number } {
  if (unit === 0) return { low: estimate, high: estimate };
  const events = estimate / unit;
  return { low: unit * Math.max(0, quantile(events, -1)), high: unit * quantile(events + 1, 1) };
}

/** @param side -1 for the lower bound of a Poisson mean, 1 for the upper one of one event less. */
function quantile(events: number, side: -1 | 1): number {
  if (events === 0) return 0;
  return events * (1 - 1 / (9 * events) + (side * DEVIATIONS) / (3 * Math.sqrt(events))) ** 3;
}
