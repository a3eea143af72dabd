import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type convictPackage from 'convict';
import { ConfigError } from '../errors.js';
import { httpProblems } from './http-problems.js';
import { liveProblems } from './live-problems.js';
import { type Config, type FlagValues, SETTING_NAMES, type SettingName, settingOf } from './schema.js';
import { poolBuffersMax, poolBuffersMin, resolveRingSlots, resolveWorkers } from './sizing.js';
import { unknownVariableProblems } from './unknown-variables.js';

/** Not by `import`, for the reason given at `fastify` in stats/http-server.ts: 60 ms of every command. */
const convict = createRequire(import.meta.url)('convict') as typeof convictPackage;

/** Longest part of a refused value that a message repeats, in characters. */
const SHOWN_CHARACTERS_MAX = 80;

/** A text that the user gave, and where: `UPE_WORKERS` or `--workers`. */
interface Given {
  readonly text: string;
  readonly origin: string;
}

type GivenSettings = ReadonlyMap<SettingName, Given>;

/**
 * The configuration that the environment and the flags describe, complete with defaults. A flag wins
 * over its variable; an empty text counts as not given, in both.
 *
 * @param env the environment; names that do not begin with `UPE_` are ignored.
 * @param flags from `parseCommandLine`.
 * @param availableCores cores that this process may run on, from 1: `auto` workers depend on it, and the
 *   smallest pool on them.
 * @returns a frozen object.
 * @throws ConfigError with every problem: the settings' in the order of the schema, then variables that
 *   do not exist, then settings that do not fit together.
 */
export function loadConfig(
  env: NodeJS.ProcessEnv,
  flags: FlagValues,
  availableCores: number = availableParallelism(),
): Config {
  const given = givenSettings(env, flags);
  const problems: string[] = [];
  const config = parseSettings(given, problems);
  problems.push(...unknownVariableProblems(env));
  for (const problem of [pcapFileProblem(config, given), poolProblem(config, given, availableCores)]) {
    if (problem !== null) problems.push(problem);
  }
  for (const problemsOf of [liveProblems, httpProblems]) {
    problems.push(...problemsOf(config, (name) => originOf(name, given)));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  // Without a problem every setting has its value, so that nothing is left partial.
  return Object.freeze(config as Config);
}

/**
 * The source of a configuration, for the command that cannot do without one.
 *
 * @throws ConfigError when none is configured.
 */
export function requireSource(config: Config): NonNullable<Config['source']> {
  if (config.source !== null) return config.source;
  const { env, flag, format } = settingOf('source');
  throw new ConfigError([
    `${env} is not set, and this command needs a source; set it, or give --${flag}, to ${format.expectation}.`,
  ]);
}

/**
 * The rule file that is configured, read apart from everything else: a broken variable must not hide what is
 * wrong with the rules. Returns `null` for the bundled one.
 */
export function givenRulesFile(env: NodeJS.ProcessEnv, flags: FlagValues): string | null {
  return givenSettings(env, flags).get('rulesFile')?.text ?? null;
}

function givenSettings(env: NodeJS.ProcessEnv, flags: FlagValues): GivenSettings {
  const given = new Map<SettingName, Given>();
  for (const name of SETTING_NAMES) {
    const { env: variable, flag } = settingOf(name);
    const flagText = flags[name];
    const variableText = env[variable];
    if (flagText !== undefined && flagText !== '') {
      given.set(name, { text: flagText, origin: `--${flag}` });
    } else if (variableText !== undefined && variableText !== '') {
      given.set(name, { text: variableText, origin: variable });
    }
  }
  return given;
}

/** Where the user gave the setting; its variable if nowhere. */
function originOf(name: SettingName, given: GivenSettings): string {
  return given.get(name)?.origin ?? settingOf(name).env;
}

/**
 * The values of the given texts and the defaults. A text that its format refuses adds to `problems`, and
 * its setting is left out.
 */
function parseSettings(given: GivenSettings, problems: string[]): Partial<Config> {
  const refuse = (name: SettingName, text: string) => {
    const setting = settingOf(name);
    const remedy =
      setting.default === null
        ? 'correct it'
        : `correct it, or leave it out for the default (${setting.default})`;
    problems.push(
      `${originOf(name, given)} is ${quote(text)}, but it must be ${setting.format.expectation}; ${remedy}.`,
    );
  };
  const texts = convictTexts(given, refuse);
  const config: Partial<Record<SettingName, unknown>> = {};
  for (const name of SETTING_NAMES) {
    const text = texts[name];
    const value = text === null ? null : settingOf(name).format.parse(text);
    if (value !== undefined) config[name] = value;
  }
  return config as Partial<Config>;
}

/**
 * Lets convict put defaults and given texts together and check them all. They stay texts: convict's own
 * conversions are lax, and an error thrown while it converts would hide the ones after it.
 *
 * @param refuse called for each text that its format refuses. The formats report there and do not throw,
 *   because convict joins what they throw into one string.
 */
function convictTexts(
  given: GivenSettings,
  refuse: (name: SettingName, text: string) => void,
): Record<SettingName, string | null> {
  const schema: Record<string, convictPackage.SchemaObj<string | null>> = {};
  const env: NodeJS.ProcessEnv = {};
  for (const name of SETTING_NAMES) {
    const setting = settingOf(name);
    schema[name] = {
      doc: setting.doc,
      env: setting.env,
      default: setting.default,
      nullable: setting.default === null,
      format: (text: string) => {
        if (setting.format.parse(text) === undefined) refuse(name, text);
      },
    };
    // A flag's text goes in under its variable's name, over the variable's own.
    const text = given.get(name)?.text;
    if (text !== undefined) env[setting.env] = text;
  }
  // Without `args`, convict would read the arguments of the process by itself.
  return convict<Record<string, string | null>>(schema, { env, args: [] })
    .validate({ allowed: 'strict' })
    .getProperties();
}

function pcapFileProblem({ source, pcapFile }: Partial<Config>, given: GivenSettings): string | null {
  if (source !== 'pcap' || pcapFile !== null) return null;
  const { env, flag } = settingOf('pcapFile');
  return `${originOf('source', given)} is "pcap", but ${env} is not set; set it, or give --${flag}, to a capture file.`;
}

function poolProblem(config: Partial<Config>, given: GivenSettings, availableCores: number): string | null {
  const { workers, poolBuffers, bufferBytes, source = null, bridge = null } = config;
  if (workers === undefined || config.ringSlots === undefined) return null;
  if (poolBuffers === undefined || bufferBytes === undefined) return null;
  const workerCount = resolveWorkers({ workers, bridge }, availableCores);
  const settings = { source, bridge, workers, ringSlots: config.ringSlots, poolBuffers };
  const ringSlots = resolveRingSlots(settings, workerCount);
  const min = poolBuffersMin(workerCount, ringSlots);
  const held = `${workerCount} ${workerCount === 1 ? 'worker' : 'workers'} with rings of ${ringSlots} slots`;
  const max = poolBuffersMax(bufferBytes);
  const largest = `the ${max} of the largest pool with ${bufferBytes} bytes each`;
  if (min > max) {
    return (
      `${originOf('ringSlots', given)} is "${ringSlots}", but ${held} can hold ${min} buffers, ` +
      `more than ${largest}; give fewer slots, fewer workers or smaller buffers.`
    );
  }
  if (poolBuffers !== 'auto' && poolBuffers > max) {
    return `${originOf('poolBuffers', given)} is "${poolBuffers}", more than ${largest}; give fewer or smaller buffers.`;
  }
  if (poolBuffers === 'auto' || poolBuffers >= min) return null;
  return (
    `${originOf('poolBuffers', given)} is "${poolBuffers}", but ${held} can hold ${min} buffers; ` +
    `give at least ${min}, or leave it out for the default (auto).`
  );
}

/** The text as a JSON string, so that spaces and control characters show; a long one is cut. */
function quote(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text,
  );
}
