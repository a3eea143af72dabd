import { type ChainCandidate, chosenChain } from '../chosen-chain.js';
import type { ForeignChain, ForeignTable } from '../foreign-rules.js';
import { foreignRule } from './foreign-rule.js';
import { MeaningReader } from './matches.js';
import { type NftChain, type NftTable, parseRuleset } from './ruleset.js';

/** Families whose packets UPE can judge, and the IP version that each sees. */
const FAMILIES: ReadonlyMap<string, 4 | 6 | null> = new Map([
  ['ip', 4],
  ['ip6', 6],
  ['inet', null],
  ['netdev', null],
  ['bridge', null],
]);
/** Chains of type nat see the first packet of a connection only. */
const TYPES: ReadonlySet<string | null> = new Set(['filter', 'route']);

interface Candidate extends ChainCandidate {
  readonly table: NftTable;
  readonly chain: NftChain;
}

/**
 * Reads a base chain, and all that it calls, from what `nft -j list ruleset` prints.
 *
 * @param wanted `FAMILY/TABLE/CHAIN`; null: the one that there is, or the one with rules.
 * @throws ImportError when the text is something else.
 * @throws ConfigError when the chain is not there, or none is named and there are several.
 */
export function readNftables(text: string, wanted: string | null): ForeignTable {
  const { place, table, chain } = chosenChain(candidatesOf(parseRuleset(text)), wanted);
  const version = FAMILIES.get(table.family)!;
  const hasTags =
    table.family === 'netdev' ||
    table.family === 'bridge' ||
    chain.hook === 'ingress' ||
    chain.hook === 'egress';
  const setNames = new Map<unknown, string>();
  const reader = new MeaningReader({ sets: table.sets, version, hasTags, setNames });
  const foreignChain = (each: NftChain): ForeignChain => ({
    name: each.name,
    rules: each.rules.map((rule) =>
      foreignRule(rule, each, `${table.name}/${each.name}`, { reader, maps: table.sets }),
    ),
  });
  const chains = new Map([...table.chains].map(([name, each]) => [name, foreignChain(each)]));
  const base = chains.get(chain.name)!;
  const remarks = remarksOn(chain, hasTags);
  return { firewall: 'nftables', place, base, chains, policy: chain.policy, version, remarks, setNames };
}

function candidatesOf(tables: readonly NftTable[]): Candidate[] {
  const candidates: Candidate[] = [];
  for (const table of tables.filter(({ family }) => FAMILIES.has(family))) {
    for (const chain of table.chains.values()) {
      if (!TYPES.has(chain.type)) continue;
      const place = `${table.family}/${table.name}/${chain.name}`;
      candidates.push({ place, ruleCount: chain.rules.length, table, chain });
    }
  }
  return candidates;
}

function remarksOn({ hook, policy }: NftChain, hasTags: boolean): string[] {
  const remarks = [
    `Hook ${hook}, policy ${policy}, which is the default action here.`,
    'In later fragments nftables may take payload for ports, flags and types; for UPE they have none.',
  ];
  if (!hasTags) {
    remarks.push(
      'The hook sees what passes there, UPE every packet that it reads: compare counts on the same packets.',
    );
    return remarks;
  }
  return [
    ...remarks,
    'Frames without an IP packet (ARP, ...) reach no rule of UPE, and malformed ones neither.',
    'vlan is the outermost tag, of 802.1ad as of 802.1Q; UPE finds the packet behind two or three tags as well.',
  ];
}
