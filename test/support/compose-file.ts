import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ROOT } from './package-root.js';

export interface Mount {
  readonly type: 'bind' | 'volume';
  /** Relative to the folder of the Compose file. */
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

/** What the Compose files of this project use of a service. */
export interface Service {
  readonly image: string;
  readonly user?: string;
  readonly network_mode?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly volumes?: readonly Mount[];
  readonly tmpfs?: readonly string[];
  readonly ports?: readonly string[];
  readonly extra_hosts?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[]; readonly interval: string };
}

export interface ComposeFile {
  readonly 'x-images': Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, Service>>;
}

type Tree = Record<string, unknown>;

/** Lists that a later file replaces; all others it adds to. */
const REPLACED = ['command', 'test'];

/**
 * The Compose files of deploy/ as Compose takes them together: variables filled in, the later file on top.
 * Source: https://github.com/compose-spec/compose-spec/blob/main/13-merge.md
 *
 * @param names of the files, the lowest first.
 * @param variables the shell's; one that is neither here nor has a default is an error.
 */
export function readCompose(
  names: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ComposeFile {
  const trees = names.map((name) => {
    const text = readFileSync(`${ROOT}deploy/${name}`, 'utf8').replace(/^\s*#.*$/gm, '');
    return parse(fillIn(text, variables), { merge: true }) as Tree;
  });
  return trees.reduce(mergeTrees) as unknown as ComposeFile;
}

function fillIn(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::-([^}]+))?\}/g, (_, name: string, otherwise?: string) => {
    const value = variables[name] ?? otherwise;
    if (value === undefined) throw new Error(`${name} has no value`);
    return value;
  });
}

function mergeTrees(below: Tree, above: Tree): Tree {
  const merged: Tree = { ...below };
  for (const [key, value] of Object.entries(above)) merged[key] = mergeValue(key, below[key], value);
  return merged;
}

function mergeValue(key: string, below: unknown, above: unknown): unknown {
  if (Array.isArray(below) && Array.isArray(above))
    return REPLACED.includes(key) ? above : [...below, ...above];
  const areTrees = [below, above].every((value) => typeof value === 'object' && value !== null);
  return areTrees ? mergeTrees(below as Tree, above as Tree) : above;
}
