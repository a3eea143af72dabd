/** What the demo traffic is made of. To add a service, add a line. */
import * as say from './dialogues.js';
import type { Conversation } from './flow.js';
import * as ip from './ip-conversations.js';
import * as link from './link-conversations.js';
import { lies } from './malformed.js';
import { mediaStream, overTcp, overUdp, portScan, toMdnsGroup } from './port-conversations.js';

export interface Service {
  readonly name: string;
  /** Its share of the packets, relative to the sum of all weights. */
  readonly weight: number;
  /** Pairs of hosts that use it; the n-th of them gets a share in proportion to 1/n. */
  readonly flowCount: number;
  /** The IP versions that its flows take in turn. */
  readonly ipVersions: readonly (4 | 6)[];
  readonly conversation: Conversation;
}

const V4 = [4] as const;
const V6 = [6] as const;
const BOTH = [4, 6, 4] as const;

const DSCP_CALL_SIGNALLING = 24;

/** The weights add up to 10,000. */
export const SERVICES: readonly Service[] = [
  service('https', 3_200, 90, BOTH, overTcp(443, say.encryptedDownload)),
  service('quic', 1_700, 50, BOTH, overUdp(443, say.quicDownload)),
  service('rtp', 1_200, 16, BOTH, mediaStream(say.voice)),
  service('postgres', 900, 12, V4, overTcp(5432, say.databaseQuery)),
  service('http', 750, 25, BOTH, overTcp(80, say.webPage)),
  service('dns', 600, 50, BOTH, overUdp(53, say.dnsLookup)),
  service('ssh', 500, 12, BOTH, overTcp(22, say.keystrokes)),
  service('esp', 250, 5, BOTH, ip.espTunnel),
  service('imaps', 200, 10, BOTH, overTcp(993, say.encryptedMail)),
  service('smtp', 150, 8, BOTH, overTcp(25, say.mailDelivery)),
  service('gre', 120, 3, V4, ip.greTunnel),
  service('ping', 80, 10, BOTH, ip.ping),
  service('sctp', 60, 4, BOTH, ip.overSctp(3868)),
  service('ipv4-fragments', 40, 4, V4, ip.overFragmentedUdp(2049, say.fileBlock)),
  service('sip', 40, 6, BOTH, overUdp(5060, say.phoneCall, DSCP_CALL_SIGNALLING)),
  service('ntp', 30, 12, BOTH, overUdp(123, say.clockQuery)),
  service('neighbour-discovery', 25, 6, V6, ip.neighbourDiscovery),
  service('mdns', 20, 6, BOTH, toMdnsGroup(say.mdnsAnnouncement)),
  service('telnet', 20, 4, V4, overTcp(23, say.loginPrompt)),
  service('ipv6-fragments', 15, 3, V6, ip.overFragmentedUdp(2049, say.fileBlock)),
  service('ipv6-extensions', 15, 3, V6, ip.overUdpBehindExtensions(5683, say.sensorReading)),
  service('dns-over-tcp', 10, 3, BOTH, overTcp(53, say.dnsLookupOverTcp)),
  service('port-scan', 10, 2, V4, portScan()),
  service('arp', 30, 6, V4, link.arp),
  service('pppoe', 10, 2, V4, link.pppoe),
  service('mpls', 8, 2, V4, link.mpls),
  service('spanning-tree', 5, 1, V4, link.spanningTree),
  service('lldp', 2, 1, V4, link.lldp),
  service('malformed', 10, 2, [4, 6], lies),
];

function service(
  name: string,
  weight: number,
  flowCount: number,
  ipVersions: readonly (4 | 6)[],
  conversation: Conversation,
): Service {
  return { name, weight, flowCount, ipVersions, conversation };
}
