/** One option of a rule, with what belongs to it. */
export interface RuleOption {
  /** `--dport`. */
  readonly name: string;
  readonly isNegated: boolean;
  readonly values: readonly string[];
  /** The match it belongs to, by -m; empty before the first. */
  readonly module: string;
}

/** A rule's matches and its target. */
export interface RuleWords {
  readonly options: readonly RuleOption[];
  /** Matches that are named with -m, with or without options. */
  readonly modules: readonly string[];
  /** Of -j or -g; null where there is none. */
  readonly target: string | null;
  readonly isGoto: boolean;
  /** The options of the target. */
  readonly targetWords: readonly string[];
}

/** Cuts the words of a rule into options: a word that begins with a hyphen begins one, a `!` before it negates. */
export function ruleWords(words: readonly string[]): RuleWords {
  const options: RuleOption[] = [];
  const modules: string[] = [];
  let module = '';
  let isNegated = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === '!') {
      isNegated = true;
      continue;
    }
    if (word === '-j' || word === '-g' || word === '--jump' || word === '--goto') {
      const isGoto = word === '-g' || word === '--goto';
      return { options, modules, target: words[i + 1] ?? '', isGoto, targetWords: words.slice(i + 2) };
    }
    const values: string[] = [];
    // A comment may begin with a hyphen.
    if (word === '--comment' && i + 1 < words.length) values.push(words[++i]);
    while (i + 1 < words.length && words[i + 1] !== '!' && !/^-[-A-Za-z]/.test(words[i + 1]))
      values.push(words[++i]);
    if (word === '-m' || word === '--match') {
      module = values[0] ?? '';
      modules.push(module);
    } else options.push({ name: word, isNegated, values, module });
    isNegated = false;
  }
  return { options, modules, target: null, isGoto: false, targetWords: [] };
}
