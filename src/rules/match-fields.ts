/** The fields of a match, in the order in which they are named to people. */
export const MATCH_FIELDS = [
  'ip_version',
  'protocol',
  'src',
  'dst',
  'src_port',
  'dst_port',
  'tcp_flags',
  'icmp_type',
  'dscp',
  'fragment',
  'vlan',
  'in_interface',
] as const;
export type MatchField = (typeof MATCH_FIELDS)[number];
