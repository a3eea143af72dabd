import type { Prefix } from '../rule.js';

/** The order of two prefixes of one version: by address, the shorter first where one lies in the other. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  for (let i = 0; i < a.words.length; i++) {
    if (a.words[i] !== b.words[i]) return (a.words[i] >>> 0) - (b.words[i] >>> 0);
  }
  return a.bits - b.bits;
}
