import { type ChainCandidate, chosenChain } from '../chosen-chain.js';
import type { ForeignChain, ForeignTable } from '../foreign-rules.js';
import { foreignRule } from './foreign-rule.js';
import { parseSavedFile, type SavedChain, type SavedTable } from './save-file.js';

interface Candidate extends ChainCandidate {
  readonly table: SavedTable;
  readonly chain: SavedChain;
}

/**
 * Reads a built-in chain, and all that it calls, from what `iptables-save` prints.
 *
 * @param wanted `TABLE/CHAIN`; null: the only one that has rules.
 * @param ipv6 true for what `ip6tables-save` prints, whether it says so or not.
 * @throws ImportError when the text is something else.
 * @throws ConfigError when the chain is not there, or none is named and there are several.
 */
export function readIptables(text: string, wanted: string | null, ipv6: boolean): ForeignTable {
  const { tables, isIpv6 } = parseSavedFile(text);
  const { place, table, chain } = chosenChain(candidatesOf(tables), wanted);
  const version = ipv6 || isIpv6 ? 6 : 4;
  const foreignChain = (each: SavedChain): ForeignChain => ({
    name: each.name,
    rules: each.rules.map((rule, index) => foreignRule(rule, index + 1, each, table, version)),
  });
  const chains = new Map([...table.chains].map(([name, each]) => [name, foreignChain(each)]));
  const policy = chain.policy === 'DROP' ? 'drop' : 'accept';
  return {
    firewall: version === 4 ? 'iptables' : 'ip6tables',
    place,
    base: chains.get(chain.name)!,
    chains,
    policy,
    version,
    remarks: [
      `Policy ${policy}, which is the default action here.`,
      'The chain sees what passes there, UPE every packet that it reads: compare counts on the same packets.',
    ],
    setNames: new Map(),
  };
}

/** Not those of table nat: they see the first packet of a connection only. */
function candidatesOf(tables: readonly SavedTable[]): Candidate[] {
  return tables
    .filter(({ name }) => name !== 'nat')
    .flatMap((table) =>
      [...table.chains.values()]
        .filter(({ policy }) => policy !== null)
        .map((chain) => ({
          place: `${table.name}/${chain.name}`,
          ruleCount: chain.rules.length,
          table,
          chain,
        })),
    );
}
