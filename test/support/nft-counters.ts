import type { Host } from './lab.js';

/** A rule of nftables, by a name to find its count. */
export interface NftRule {
  readonly name: string;
  /** The expression that selects packets. */
  readonly match: string;
}

export interface NftCount {
  readonly packets: number;
  /** Bytes behind the Ethernet header; the kernel has taken out the outermost VLAN tag as well. */
  readonly bytes: number;
}

/**
 * Counts what an interface receives, in the hook right behind AF_PACKET. A frame counts for the first rule
 * that matches.
 */
export class NftCounters {
  constructor(
    private readonly host: Host,
    private readonly name: string,
    rules: readonly NftRule[],
  ) {
    const lines = rules.map((rule) => `${rule.match} counter accept comment "${rule.name}"`);
    const hook = `type filter hook ingress device ${name} priority 0;`;
    host.run('nft', `table netdev ${name} {\n chain in {\n ${[hook, ...lines].join('\n')}\n }\n}\n`);
  }

  /** The count of a rule. */
  async read(rule: string): Promise<NftCount> {
    const count = (await this.readAll()).get(rule);
    if (count === undefined) throw new Error(`nftables has no rule ${rule}`);
    return count;
  }

  async readAll(): Promise<ReadonlyMap<string, NftCount>> {
    const { output } = await this.host.finish('nft', '--json', 'list', 'table', 'netdev', this.name);
    const counts = new Map<string, NftCount>();
    for (const { rule } of JSON.parse(output).nftables) {
      if (rule === undefined) continue;
      const parts: { counter?: NftCount }[] = rule.expr;
      counts.set(rule.comment, parts.find(({ counter }) => counter !== undefined)!.counter!);
    }
    return counts;
  }
}
