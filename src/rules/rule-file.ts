import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { EnvironmentError } from '../errors.js';
import { readAction, readDefaultAction } from './action-field.js';
import { PRIORITIES, parseInteger } from './integer-field.js';
import { MatchReader, readScalar } from './match-reader.js';
import { matchText } from './match-text.js';
import type { Rule, RuleMatch, RuleSet } from './rule.js';
import type { ProblemLog } from './rule-problems.js';
import { checkStructure } from './rule-structure.js';
import { decodeYaml, FILE_BYTES_MAX, parseYaml } from './yaml-document.js';
import { buildTree, resolved, textOf, type YamlMap, type YamlNode } from './yaml-tree.js';

const NAME_LENGTH_MAX = 64;

/** The match of a rule that gives none: every packet. */
const MATCH_ALL: RuleMatch = {
  ipVersion: null,
  protocols: null,
  src: null,
  dst: null,
  srcPorts: null,
  dstPorts: null,
  tcpFlags: null,
  icmpTypes: null,
  dscps: null,
  fragment: null,
  vlans: null,
  inInterfaces: null,
};

/**
 * Reads and checks a rule file. yaml takes about a quarter of a second for 1,000 rules, so this is
 * not for a thread that has anything else to do.
 *
 * @param file its path, as the user gave it; it appears in every message.
 * @param origin where the user gives it, for the message that it cannot be read.
 * @throws EnvironmentError when the file cannot be read.
 * @throws RuleFileError with every problem in it.
 */
export function loadRuleFile(file: string, origin = '--rules or UPE_RULES_FILE'): RuleSet {
  return parseRuleFile(readBounded(file, origin), file);
}

/**
 * Checks the content of a rule file and turns it into rules, in matching order.
 *
 * @param bytes the whole file, UTF-8.
 * @param file the file's name, for messages.
 * @throws RuleFileError with every problem in it, each at its line and column.
 */
export function parseRuleFile(bytes: Uint8Array, file: string): RuleSet {
  const text = decodeYaml(bytes, file);
  const { problems } = text;
  const tree = buildTree(parseYaml(text), problems);
  problems.sealLines();
  const root = checkStructure(tree, problems);
  const defaultNode = root?.entries.get('default_action')?.node;
  const defaultAction = defaultNode === undefined ? null : readDefaultAction(defaultNode, problems);
  const rules = root === null ? [] : readRules(root, problems);
  problems.throwIfAny();
  return {
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    defaultAction: defaultAction ?? 'count',
    defaultActionGiven: defaultAction !== null,
    // Sorting is stable, so equal priorities keep the order of the file.
    rules: rules.sort((a, b) => a.priority - b.priority),
  };
}

function readRules(root: YamlMap, problems: ProblemLog): Rule[] {
  const list = root.entries.get('rules');
  const nodes = list === undefined ? null : resolved(list.node);
  if (nodes?.kind !== 'list') return [];
  const matchReader = new MatchReader(problems);
  const firstLines = new Map<string, number>();
  const rules: Rule[] = [];
  for (const node of nodes.items) {
    const map = resolved(node);
    // `checkStructure` has reported whatever is not a mapping.
    if (map.kind === 'map') rules.push(readRule(map, node.offset, firstLines, matchReader, problems));
  }
  return rules;
}

/** Reads one rule; where a problem was reported, the result is a stand-in that nobody will see. */
function readRule(
  rule: YamlMap,
  offset: number,
  firstLines: Map<string, number>,
  matchReader: MatchReader,
  problems: ProblemLog,
): Rule {
  const field = (key: string): YamlNode | undefined => rule.entries.get(key)?.node;
  const priority = field('priority');
  const action = field('action');
  const description = field('description');
  const match = field('match');
  const matchMap = match === undefined ? undefined : resolved(match);
  const hasMatch = matchMap?.kind === 'map';
  const choice = action === undefined ? null : readAction(action, problems);
  return {
    name: readName(field('name'), firstLines, problems),
    description: (description && textOf(description)) ?? '',
    priority:
      (priority && readScalar(priority, 'priority', (s) => parseInteger(s, PRIORITIES), problems)) ?? 0,
    action: choice?.action ?? 'count',
    outInterface: choice?.outInterface ?? null,
    match: hasMatch ? matchReader.read(matchMap) : MATCH_ALL,
    matchText: hasMatch ? matchText(matchMap) : '',
    line: problems.lineOf(offset),
  };
}

function readName(node: YamlNode | undefined, firstLines: Map<string, number>, problems: ProblemLog): string {
  // A missing name, and one that is not text, `checkStructure` has reported.
  const name = node === undefined ? null : textOf(node);
  if (node === undefined || name === null) return '';
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 79)}…` : name);
  const forbidden = /[^A-Za-z0-9_.-]/u.exec(name);
  const firstLine = firstLines.get(name);
  if (name === '') {
    problems.add(node.offset, `name: no text; write 1 to ${NAME_LENGTH_MAX} characters of A-Z a-z 0-9 _ . -`);
  } else if (forbidden !== null) {
    const character = JSON.stringify(forbidden[0]);
    problems.add(node.offset, `name: ${shown} has ${character} in it; use only A-Z a-z 0-9 _ . -`);
  } else if (name.length > NAME_LENGTH_MAX) {
    problems.add(
      node.offset,
      `name: ${shown} has ${name.length} characters; at most ${NAME_LENGTH_MAX} are possible`,
    );
  } else if (firstLine !== undefined) {
    problems.add(
      node.offset,
      `name: ${shown} is taken by the rule in line ${firstLine}; names must be unique`,
    );
  } else firstLines.set(name, problems.lineOf(node.offset));
  return name;
}

/** Reads a file, but not more of it than the parser would accept: it may be an endless device. */
function readBounded(file: string, origin: string): Uint8Array {
  let descriptor = -1;
  try {
    descriptor = openSync(file, 'r');
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= FILE_BYTES_MAX) {
      const chunk = Buffer.allocUnsafe(256 * 1024);
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      total += count;
    }
    return Buffer.concat(chunks, total);
  } catch (error) {
    throw unreadable(file, origin, error);
  } finally {
    if (descriptor !== -1) closeSync(descriptor);
  }
}

function unreadable(file: string, origin: string, error: unknown): EnvironmentError {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy = `give a readable YAML file with ${origin}`;
  const reasons: Record<string, string> = {
    ENOENT: 'does not exist',
    ENOTDIR: 'does not exist (a part of its path is not a directory)',
    EISDIR: 'is a directory',
    // A process that was started as root may have become somebody else since it read the file first.
    EACCES: `may not be read by user ${process.getuid?.()}`,
  };
  const reason = (code !== undefined && reasons[code]) || `cannot be read (${message})`;
  return new EnvironmentError(`rule file ${file} ${reason}; ${remedy}`);
}
