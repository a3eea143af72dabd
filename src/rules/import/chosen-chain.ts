import { ConfigError, ImportError } from '../../errors.js';

/** A chain in which the kernel begins, and whose packets UPE can judge. */
export interface ChainCandidate {
  /** As `--chain` names it. */
  readonly place: string;
  readonly ruleCount: number;
}

/** Places that a message lists. */
const LISTED_MAX = 20;

/**
 * The chain that is wanted; where none is named, the only one, or the only one that has rules.
 *
 * @throws ImportError when there is no chain.
 * @throws ConfigError when the wanted one is not there, or there is more than one.
 */
export function chosenChain<Candidate extends ChainCandidate>(
  candidates: readonly Candidate[],
  wanted: string | null,
): Candidate {
  if (candidates.length === 0)
    throw new ImportError('no base chain of type filter whose packets UPE can judge');
  const found = candidates.find(({ place }) => place === wanted);
  if (found !== undefined) return found;
  const shown = candidates.slice(0, LISTED_MAX).map(({ place }) => place);
  if (candidates.length > LISTED_MAX) shown.push('...');
  if (wanted !== null) {
    const said = JSON.stringify(wanted.slice(0, 80));
    throw new ConfigError([
      `--chain ${said} is no base chain of type filter here; there are ${shown.join(', ')}.`,
    ]);
  }
  const filled = candidates.filter(({ ruleCount }) => ruleCount > 0);
  if (candidates.length === 1) return candidates[0];
  if (filled.length === 1) return filled[0];
  throw new ConfigError([`There are several base chains; name one with --chain: ${shown.join(', ')}.`]);
}
