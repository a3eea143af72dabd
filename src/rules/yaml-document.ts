import { isUtf8 } from 'node:buffer';
import { Composer, type CST, type Document, Lexer, Parser, type YAMLError } from 'yaml';
import { type FileKind, ProblemLog, RULE_FILE } from './rule-problems.js';

/** yaml needs about 100 bytes of heap for one byte of text, so this is what a process can afford. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Bounds that are checked while the text is cut into tokens, before yaml builds anything from them:
 * its own recursion would exhaust the stack, and a file that is nothing but aliases would take seconds.
 */
export const NESTING_MAX = 64;
export const ALIASES_MAX = 100_000;
export const ANCHORS_MAX = 4_096;

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose.
const CONTROL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** What yaml's lexer puts between the pieces of the text by way of control; these are not in the text. */
const SCALAR_FOLLOWS = '\x1f';
const LEXER_SIGNS: ReadonlySet<string> = new Set(['\x02', '\x18', SCALAR_FOLLOWS]);

export interface YamlText {
  readonly source: string;
  readonly problems: ProblemLog;
}

/**
 * Turns the bytes of a file into text. A byte order mark is dropped.
 *
 * @param file the file's name, for the error.
 * @throws the error of its kind when the bytes are too many, not UTF-8, or hold control characters.
 */
export function decodeYaml(bytes: Uint8Array, file: string, kind: FileKind = RULE_FILE): YamlText {
  const { noun } = kind;
  if (bytes.length > FILE_BYTES_MAX) {
    const problems = new ProblemLog(file, '', kind);
    problems.add(0, `the file is larger than ${FILE_BYTES_MAX} bytes, the most that a ${noun} may have`);
    problems.throwIfAny();
  }
  const valid = isUtf8(bytes);
  const source = new TextDecoder('utf-8').decode(bytes);
  const problems = new ProblemLog(file, source, kind);
  if (!valid) {
    // The decoder puts U+FFFD where the bytes make no character.
    const offset = source.indexOf('\ufffd');
    problems.add(offset, `not UTF-8 text; save the file in UTF-8 (and check that it is a ${noun} at all)`);
    problems.throwIfAny();
  }
  const control = CONTROL_CHARACTER.exec(source);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(2, '0');
    problems.add(control.index, `control character 0x${code}; a ${noun} is plain text, remove it`);
    problems.throwIfAny();
  }
  return { source, problems };
}

/**
 * Parses the text as one YAML 1.2 document and reports what is wrong with its syntax.
 *
 * @returns the document, also when problems were added that leave its structure intact.
 * @throws the error of the file's kind when what follows could not be understood any more.
 */
export function parseYaml(text: YamlText): Document {
  const { source, problems } = text;
  boundAliases(text);
  const tokens = tokensOf(text);
  // Duplicate keys are found in the tree: yaml compares each key of a mapping with each.
  const composer = new Composer({
    schema: 'core',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents = [...composer.compose(tokens, true, source.length)];
  const document = documents[0];
  let damaged = false;
  for (const error of document.errors) {
    const slip = syntaxSlip(error, source);
    if (!slip.isHarmless) damaged = true;
    // yaml often reports one slip several times; the first report of a line is the useful one.
    if (!problems.hasProblemInLineOf(slip.offset)) problems.add(slip.offset, slip.message);
  }
  if (documents.length > 1) {
    const offset = documents[1].range[0];
    problems.add(
      offset,
      `a second YAML document begins here; a ${problems.kind.noun} is one, remove the line "---"`,
    );
    damaged = true;
  }
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    const { version } = document.directives.yaml;
    problems.add(0, `%YAML ${version}: ${problems.kind.noun}s are YAML 1.2; remove this line`);
  }
  if (damaged) problems.throwIfAny();
  return document;
}

/** Cuts the text into yaml's tokens, and stops where it nests too deeply. */
function tokensOf({ source, problems }: YamlText): CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(source)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > NESTING_MAX) {
      problems.add(
        parser.offset - 1,
        `nested deeper than ${NESTING_MAX} levels; a ${problems.kind.noun} needs fewer than ten`,
      );
      problems.throwIfAny();
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

/**
 * Refuses a file of too many anchors or aliases. Only a text with that many of their signs is worth
 * the time to look which of them are real.
 */
function boundAliases({ source, problems }: YamlText): void {
  if (occurrences(source, '*') <= ALIASES_MAX && occurrences(source, '&') <= ANCHORS_MAX) return;
  let aliases = 0;
  let anchors = 0;
  let offset = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(source)) {
    if (!isScalar && lexeme[0] === '*') aliases++;
    if (!isScalar && lexeme[0] === '&') anchors++;
    if (aliases > ALIASES_MAX || anchors > ANCHORS_MAX) {
      const what =
        aliases > ALIASES_MAX ? `${ALIASES_MAX} aliases (*name)` : `${ANCHORS_MAX} anchors (&name)`;
      problems.add(offset, `more than ${what}; a ${problems.kind.noun} may have at most that many`);
      problems.throwIfAny();
    }
    isScalar = lexeme === SCALAR_FOLLOWS;
    if (!LEXER_SIGNS.has(lexeme)) offset += lexeme.length;
  }
}

function occurrences(source: string, sign: string): number {
  let count = 0;
  for (let i = source.indexOf(sign); i !== -1; i = source.indexOf(sign, i + 1)) count++;
  return count;
}

interface SyntaxSlip {
  readonly offset: number;
  readonly message: string;
  /** True when yaml understands the rest of the file all the same. */
  readonly isHarmless: boolean;
}

function syntaxSlip(error: YAMLError, source: string): SyntaxSlip {
  const offset = error.pos[0];
  const lineStart = source.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = source.indexOf('\n', offset);
  const line = source.slice(lineStart, lineEnd === -1 ? source.length : lineEnd);
  if (error.code === 'TAB_AS_INDENT') {
    return { offset, message: 'a tab cannot indent YAML; use spaces', isHarmless: false };
  }
  const forward = /\baction:\s*forward:\s*([^\s#,}]*)/.exec(line);
  if (forward !== null && (error.code === 'BLOCK_AS_IMPLICIT_KEY' || error.code === 'BLOCK_IN_FLOW')) {
    const message = `not valid YAML; write action: { forward: ${forward[1] || 'eth1'} }`;
    return { offset, message, isHarmless: true };
  }
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') {
    const message = /::\s*(#.*)?$/.test(line)
      ? 'not valid YAML; put an address that ends in "::" in quotes'
      : 'not valid YAML: a second ": " in one line; put the value in quotes, or a mapping in { }';
    return { offset, message, isHarmless: true };
  }
  const tag = /[:,[-]\s+!/.exec(line);
  if (tag !== null && error.code === 'MISSING_CHAR') {
    const message = 'not valid YAML; put a value that begins with "!" in quotes';
    return { offset: lineStart + tag.index + tag[0].length - 1, message, isHarmless: false };
  }
  return { offset, message: `not valid YAML: ${error.message}`, isHarmless: false };
}
