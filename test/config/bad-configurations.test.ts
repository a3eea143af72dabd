import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadConfig } from '../../src/config/load.js';
import { type FlagValues, SETTING_NAMES, settingOf } from '../../src/config/schema.js';
import { ConfigError, RuleFileError } from '../../src/errors.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { BAD_FILES, BAD_MATCHES, BAD_RULES, IMPOSSIBLE_MATCHES, withMatch } from '../rules/bad-rule-files.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { type Ended, runUpe } from '../support/upe-process.js';
import { BAD_LIVE_SETTINGS, BAD_SIZES, BAD_TABLES } from './bad-combinations.js';
import { BAD_COMMAND_LINES } from './bad-command-lines.js';
import { NEAR_MISSES, NOT_INJECTED } from './bad-names.js';
import { BAD_VALUES } from './bad-values.js';

t.setTimeout(120_000);

/** Cases that this file and the tables it shares with others must have together. */
const CASES_MIN = 400;

const COMBINATIONS = [...BAD_LIVE_SETTINGS, ...BAD_SIZES];

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function nameOf(variable: string) {
  return SETTING_NAMES.find((name) => settingOf(name).env === variable)!;
}

t.test('every setting has bad values, and all tables together have enough cases', async (t) => {
  t.strictSame(
    BAD_VALUES.map(([variable]) => variable).sort(),
    SETTING_NAMES.map((name) => settingOf(name).env).sort(),
  );
  const counts = {
    'values of variables': BAD_VALUES.flatMap(([, , , values]) => values).length,
    'names of variables': NEAR_MISSES.length + NOT_INJECTED.length,
    'command lines': BAD_COMMAND_LINES.length,
    'combinations of settings': COMBINATIONS.length + BAD_TABLES.length,
    'rule files': BAD_MATCHES.length + IMPOSSIBLE_MATCHES.length + BAD_FILES.length + BAD_RULES.length,
  };
  const sum = Object.values(counts).reduce((total, count) => total + count, 0);
  const parts = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  t.comment(`${sum} bad configurations: ${parts.join(', ')}`);
  t.ok(sum >= CASES_MIN, `${sum} of ${CASES_MIN}`);
});

for (const [variable, expectation, remedy, values] of BAD_VALUES) {
  t.test(`${variable}: a bad value is refused by its variable and by its flag`, async (t) => {
    const name = nameOf(variable);
    for (const value of values) {
      const rest = `is ${JSON.stringify(value)}, but it must be ${expectation}; ${remedy}.`;
      t.strictSame(
        problemsOf(() => loadConfig({ [variable]: value }, {}, 4)),
        [`${variable} ${rest}`],
        `${variable}=${JSON.stringify(value)}`,
      );
      const flags: FlagValues = { [name]: value };
      t.strictSame(
        problemsOf(() => loadConfig({}, flags, 4)),
        [`--${settingOf(name).flag} ${rest}`],
        `flag ${JSON.stringify(value)}`,
      );
    }
  });
}

t.test('all bad values of all variables are reported at once, in the order of the schema', async (t) => {
  const env = Object.fromEntries(BAD_VALUES.map(([variable, , , values]) => [variable, values[0]]));
  const problems = problemsOf(() => loadConfig({ ...env, UPE_TYPO: '1' }, {}, 4));
  t.strictSame(
    problems.map((problem) => problem.split(' ')[0]),
    [...SETTING_NAMES.map((name) => settingOf(name).env), 'UPE_TYPO'],
  );
});

t.test('a message shows what a terminal would not, and cuts what is long', async (t) => {
  const [control] = problemsOf(() => loadConfig({ UPE_IDLE: 'park\u001b[2J\n' }, {}, 4));
  t.match(control, 'UPE_IDLE is "park\\u001b[2J\\n", but');
  const [long] = problemsOf(() => loadConfig({ UPE_IDLE: 'x'.repeat(5000) }, {}, 4));
  t.match(long, `UPE_IDLE is "${'x'.repeat(80)}...", but`);
});

for (const { name, env, flags = {}, problems } of BAD_SIZES) {
  t.test(`what does not fit together is refused: ${name}`, async (t) => {
    t.strictSame(
      problemsOf(() => loadConfig(env, flags, 4)),
      problems,
    );
  });
}

/** What every refusal has in common as the user sees it: exit code 2, nothing on standard output, a line each. */
function expectRefusal(t: Test, ended: Ended, lines: readonly (string | RegExp)[], name: string): void {
  t.equal(ended.exitCode, 2, `${name}: exit code`);
  t.equal(ended.stdout, '', `${name}: nothing on standard output`);
  const found = ended.stderr.split('\n');
  t.equal(found.pop(), '', `${name}: the last line ends`);
  t.equal(found.length, lines.length, `${name}: a line each`);
  t.match(found, lines, name);
}

const upe = new LoadedUpe(t);

t.test(
  'upe check refuses every bad value: a round for the first of all variables, for the second, ...',
  async (t) => {
    // The environment of a process cannot hold a NUL.
    const passable = BAD_VALUES.map(([variable, , , values]) => ({
      variable,
      values: values.filter((value) => !value.includes('\0')),
    }));
    const rounds = Array.from({ length: Math.max(...passable.map(({ values }) => values.length)) }, (_, i) =>
      passable
        .filter(({ values }) => i < values.length)
        .map(({ variable, values }) => [variable, values[i]] as const),
    );
    for (const [i, round] of rounds.entries()) {
      const ended = await upe.runNth(i, ['check'], Object.fromEntries(round));
      const lines = round.map(
        ([variable, value]) => `${variable} is ${JSON.stringify(value)}, but it must be `,
      );
      expectRefusal(t, ended, lines, `round ${i}`);
    }
  },
);

t.test('upe check refuses every unknown variable, all of them at once', async (t) => {
  const names = [...NEAR_MISSES.map(([name]) => name), ...NOT_INJECTED].sort();
  const ended = await runUpe(t, ['check'], { env: Object.fromEntries(names.map((name) => [name, '1'])) });
  const lines = names.map((name) => `${name} is not a variable of UPE; the nearest name is `);
  expectRefusal(t, ended, lines, 'unknown variables');
});

t.test('upe refuses every mistaken command line', async (t) => {
  for (const [i, [line, problems]] of BAD_COMMAND_LINES.entries()) {
    const ended = await upe.runNth(i, line === '' ? [] : line.split(' '));
    const lines = problems.map((problem) => `upe: ${problem}`);
    expectRefusal(t, ended, lines, `upe ${line}`);
  }
});

t.test('upe check refuses every combination that does not fit', async (t) => {
  for (const [i, { name, env, flags = {}, problems }] of COMBINATIONS.entries()) {
    const args = Object.entries(flags).map(([setting, value]) => {
      return `--${settingOf(setting as keyof FlagValues).flag}=${value}`;
    });
    expectRefusal(t, await upe.runNth(i, ['check', ...args], env), problems, name);
  }
});

t.test('upe check refuses every rule table that the source cannot use', async (t) => {
  const folder = temporaryFolder(t);
  for (const [i, { name, env, rules, problems }] of BAD_TABLES.entries()) {
    const file = join(folder, `${i}.yaml`);
    writeFileSync(file, rules);
    expectRefusal(t, await upe.runNth(i, ['check', '--rules', file], env), problems, name);
  }
});

/** Line, column and message of each problem. */
function ruleProblemsOf(text: string | Uint8Array): { exitCode: number; lines: string[] } {
  try {
    parseRuleFile(typeof text === 'string' ? new TextEncoder().encode(text) : text, 'f.yaml');
    return { exitCode: 0, lines: [] };
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return { exitCode: error.exitCode, lines: error.message.split('\n') };
  }
}

t.test('every bad rule file ends with code 2 and a line for each problem, at its place', async (t) => {
  const files = [
    ...[...BAD_MATCHES, ...IMPOSSIBLE_MATCHES].map(([match, ...problems]) => ({
      text: withMatch(match) as string | Uint8Array,
      count: problems.length,
    })),
    ...BAD_FILES.map(([text]) => ({ text, count: 1 })),
    ...BAD_RULES.map(([text, ...problems]) => ({ text, count: problems.length })),
  ];
  for (const { text, count } of files) {
    const { exitCode, lines } = ruleProblemsOf(text);
    t.equal(exitCode, 2, String(text));
    t.equal(lines.length, count, `${lines.join('\n')}: a line each`);
    for (const line of lines) t.match(line, /^f\.yaml:\d+:\d+: \S.{9,}$/, String(text));
  }
});

t.test('a rule of the wrong shape, a wrong set, YAML that is none: each problem at its place', async (t) => {
  for (const [text, ...problems] of BAD_RULES) {
    const { lines } = ruleProblemsOf(text);
    t.match(lines, problems, text);
  }
});
