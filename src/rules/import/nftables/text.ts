import { entryOf, type Json, listOf, objectOf, textIn } from './json.js';

/** Deeper expressions are cut: no rule that nftables accepts has such. */
const DEPTH_MAX = 12;
/** Elements of a set that are shown. */
const ELEMENTS_MAX = 6;

/** A rule in the language of nft(8), near enough for a person to find it again. */
export function ruleText(expressions: readonly Json[]): string {
  return expressions.map((expression) => statementText(expression)).join(' ');
}

function statementText(statement: Json): string {
  const [kind, content] = entryOf(statement) ?? ['?', null];
  switch (kind) {
    case 'match':
      return matchText(content);
    case 'vmap':
      return `${expressionText(field(content, 'key'))} vmap ${expressionText(field(content, 'data'))}`;
    case 'jump':
    case 'goto':
      return `${kind} ${textIn(content, 'target') ?? '?'}`;
    case 'counter':
      return typeof content === 'string' ? `counter name ${content}` : 'counter';
    case 'limit':
      return limitText(content);
    case 'log':
      return textIn(content, 'prefix') === null
        ? 'log'
        : `log prefix ${JSON.stringify(textIn(content, 'prefix'))}`;
    case 'reject':
      return textIn(content, 'type') === null ? 'reject' : `reject with ${wordsOf(content)}`;
    case 'mangle':
      return `${expressionText(field(content, 'key'))} set ${expressionText(field(content, 'value'))}`;
    case 'set': {
      const set = textIn(content, 'set') ?? '?';
      return `${textIn(content, 'op') ?? 'add'} ${set} { ${expressionText(field(content, 'elem'))} }`;
    }
    default:
      return content === null ? kind : `${kind} ${wordsOf(content)}`;
  }
}

function matchText(content: Json): string {
  const op = textIn(content, 'op');
  const sign = op === null || op === '==' || op === 'in' ? ' ' : ` ${op} `;
  return `${expressionText(field(content, 'left'))}${sign}${expressionText(field(content, 'right'))}`;
}

function limitText(content: Json): string {
  const inverse = field(content, 'inv') === true ? 'over ' : '';
  return `limit rate ${inverse}${expressionText(field(content, 'rate'))}/${textIn(content, 'per') ?? 'second'}`;
}

/** An expression in nft(8)'s language. */
export function expressionText(expression: Json, depth = 0): string {
  if (depth > DEPTH_MAX) return '...';
  const text = (inner: Json) => expressionText(inner, depth + 1);
  const list = listOf(expression);
  if (list !== null) return elementsText(list, ',', text);
  const [kind, content] = entryOf(expression) ?? ['', null];
  switch (kind) {
    case '':
      return typeof expression === 'object' ? '?' : String(expression);
    case 'payload': {
      const protocol = textIn(content, 'protocol');
      if (protocol !== null) return `${protocol} ${textIn(content, 'field') ?? '?'}`;
      return `@${textIn(content, 'base')},${text(field(content, 'offset'))},${text(field(content, 'len'))}`;
    }
    case 'meta': {
      const key = textIn(content, 'key') ?? '?';
      return BARE_META.has(key) ? key : `meta ${key}`;
    }
    case 'set':
      return `{ ${elementsText(listOf(content) ?? [content], ', ', (element) => elementText(element, text))} }`;
    case 'concat':
      return (listOf(content) ?? []).map(text).join(' . ');
    case 'prefix':
      return `${textIn(content, 'addr') ?? '?'}/${text(field(content, 'len'))}`;
    case 'range':
      return (listOf(content) ?? []).map(text).join('-');
    case 'elem':
      return text(field(content, 'val'));
    case '&':
    case '|':
    case '^': {
      const operand = (each: Json) => (listOf(each) === null ? text(each) : `(${text(each)})`);
      return (listOf(content) ?? []).map(operand).join(` ${kind} `);
    }
    default:
      return `${kind} ${wordsOf(content)}`;
  }
}

/** Keys of `meta` that nft prints without the word. */
const BARE_META: ReadonlySet<string> = new Set([
  'iif',
  'iifname',
  'oif',
  'oifname',
  'mark',
  'skuid',
  'skgid',
]);

/** An element of a set, or of a verdict map. */
function elementText(element: Json, text: (inner: Json) => string): string {
  const pair = listOf(element);
  return pair?.length === 2 ? `${text(pair[0])} : ${statementText(pair[1])}` : text(element);
}

function elementsText(list: readonly Json[], separator: string, text: (inner: Json) => string): string {
  const shown = list.slice(0, ELEMENTS_MAX).map(text);
  return (list.length > ELEMENTS_MAX ? [...shown, '...'] : shown).join(separator);
}

/** The plain values of an object, in their order: `{ key: state }` is `state`. */
function wordsOf(content: Json): string {
  const object = objectOf(content);
  if (object === null) return typeof content === 'object' ? '' : String(content);
  return Object.values(object)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' ');
}

function field(content: Json, name: string): Json {
  const object = objectOf(content);
  return object !== null && Object.hasOwn(object, name) ? object[name] : null;
}
