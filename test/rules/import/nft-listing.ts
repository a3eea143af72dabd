/** What `nft -j list ruleset` prints of one base chain with these rules, beside other objects of its table. */
export function nftListing(
  rules: readonly (readonly unknown[])[],
  options: {
    readonly family?: string;
    readonly policy?: string;
    /** Sets, maps, further chains and their rules, without family and table. */
    readonly others?: readonly Readonly<Record<string, object>>[];
  } = {},
): string {
  const { family = 'inet', policy = 'accept', others = [] } = options;
  const own = { family, table: 'filter' };
  return JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6', json_schema_version: 1 } },
      { table: { family, name: 'filter' } },
      { chain: { ...own, name: 'in', type: 'filter', hook: 'prerouting', prio: 0, policy } },
      ...others.map((each) => {
        const [[kind, content]] = Object.entries(each);
        return { [kind]: { ...own, ...content } };
      }),
      ...rules.map((expr, i) => ({ rule: { ...own, chain: 'in', handle: i + 1, expr } })),
    ],
  });
}

/** A comparison of a header field. */
export function payload(protocol: string, field: string, right: unknown, op = '=='): object {
  return { match: { op, left: { payload: { protocol, field } }, right } };
}

export function meta(key: string, right: unknown, op = '=='): object {
  return { match: { op, left: { meta: { key } }, right } };
}

export const COUNTER = { counter: { packets: 0, bytes: 0 } };
export const ACCEPT = { accept: null };
export const DROP = { drop: null };
