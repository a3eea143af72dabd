import { ImportError } from '../../../errors.js';
import { entryOf, type Json, listOf, objectOf, textIn } from './json.js';

export interface NftRule {
  readonly handle: string;
  readonly comment: string | null;
  readonly expressions: readonly Json[];
}

export interface NftChain {
  readonly name: string;
  /** `filter`, `nat`, `route`; null for a chain that only jumps lead to. */
  readonly type: string | null;
  readonly hook: string;
  readonly policy: 'accept' | 'drop';
  readonly rules: NftRule[];
}

/** A named set or map. */
export interface NftSet {
  readonly name: string;
  readonly elements: readonly Json[];
  /** Whether traffic or time changes what is in it. */
  readonly changes: boolean;
}

export interface NftTable {
  readonly family: string;
  readonly name: string;
  readonly chains: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
}

/** What nftables prints has about ten levels; everything that walks through it may rely on this. */
const NESTING_MAX = 64;
const SHAPE = 'this is not what "nft -j list ruleset" prints';

/**
 * Reads what `nft -j list ruleset` prints.
 *
 * @throws ImportError when it is something else, or incomplete.
 */
export function parseRuleset(text: string): NftTable[] {
  if (isNestedTooDeeply(text))
    throw new ImportError(`${SHAPE}: it is nested deeper than ${NESTING_MAX} levels`);
  let root: Json;
  try {
    root = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw new ImportError(`${SHAPE}: it is no JSON (${message.split('\n')[0].slice(0, 100)})`);
  }
  const objects = listOf(objectOf(root)?.nftables);
  if (objects === null) throw new ImportError(`${SHAPE}: it has no list "nftables"`);
  const tables = new Map<string, NftTable>();
  // Chains may be listed behind rules that stand in others: sets and chains first, rules then.
  for (const object of objects) addDeclaration(tables, object);
  for (const object of objects) addRule(tables, object);
  return [...tables.values()];
}

function addDeclaration(tables: Map<string, NftTable>, object: Json): void {
  const [kind, content] = entryOf(object) ?? wrong('an entry of "nftables" is no object with one key');
  if (kind === 'table') {
    const [family, name] = [text(content, 'family', kind), text(content, 'name', kind)];
    if (!tables.has(`${family} ${name}`)) {
      tables.set(`${family} ${name}`, { family, name, chains: new Map(), sets: new Map() });
    }
  } else if (kind === 'chain') {
    const { chains } = tableOf(tables, content, kind);
    const name = text(content, 'name', kind);
    chains.set(name, {
      name,
      type: textIn(content, 'type'),
      hook: textIn(content, 'hook') ?? '',
      policy: textIn(content, 'policy') === 'drop' ? 'drop' : 'accept',
      rules: [],
    });
  } else if (kind === 'set' || kind === 'map') {
    const { sets } = tableOf(tables, content, kind);
    sets.set(text(content, 'name', kind), setOf(content, kind));
  }
}

function addRule(tables: Map<string, NftTable>, object: Json): void {
  const [kind, content] = entryOf(object)!;
  if (kind !== 'rule') return;
  const { chains } = tableOf(tables, content, kind);
  const name = text(content, 'chain', kind);
  const chain = chains.get(name) ?? wrong(`a rule stands in chain ${shown(name)}, which is not there`);
  const expressions =
    listOf(objectOf(content)?.expr) ?? wrong(`a rule of chain ${shown(name)} has no list "expr"`);
  const handle = objectOf(content)?.handle;
  chain.rules.push({
    handle: typeof handle === 'number' ? String(handle) : `#${chain.rules.length + 1}`,
    comment: textIn(content, 'comment'),
    expressions,
  });
}

function setOf(content: Json, kind: string): NftSet {
  const set = objectOf(content)!;
  const elements =
    set.elem === undefined ? [] : (listOf(set.elem) ?? wrong(`the elements of a ${kind} are no list`));
  const flags = [set.flags].flat();
  const changes =
    set.timeout !== undefined ||
    flags.includes('dynamic') ||
    flags.includes('timeout') ||
    elements.some((element) => {
      const inner = objectOf(objectOf(listOf(element)?.[0] ?? element)?.elem);
      return inner !== null && (inner.timeout !== undefined || inner.expires !== undefined);
    });
  return { name: text(content, 'name', kind), elements, changes };
}

function tableOf(tables: Map<string, NftTable>, content: Json, kind: string): NftTable {
  const [family, name] = [text(content, 'family', kind), text(content, 'table', kind)];
  return (
    tables.get(`${family} ${name}`) ??
    wrong(`a ${kind} stands in table ${shown(`${family} ${name}`)}, which is not there`)
  );
}

function text(content: Json, field: string, kind: string): string {
  return textIn(content, field) ?? wrong(`a ${kind} has no text "${field}"`);
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}

function wrong(what: string): never {
  throw new ImportError(`${SHAPE}: ${what}`);
}

/** Looked at before the text is parsed: brackets outside of strings. */
function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/g)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > NESTING_MAX) return true;
  }
  return false;
}
