import type { Endpoint, Path } from './frame-builder.js';
import type { Prng } from './prng.js';

/** Two hosts and the link between them; the ports are chosen by the conversation. */
export interface Flow {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** VLAN ids from the outermost tag. */
  readonly vlanIds: readonly number[];
}

/** The frames of a flow in the order in which they pass; played again from the beginning at the end. */
export type Conversation = (flow: Flow, random: Prng) => readonly Uint8Array[];

const DSCP_DEFAULT = 0;

/** The path of the frames that the client sends (or the server, if `fromClient` is false). */
export function pathOf(flow: Flow, fromClient: boolean, dscp = DSCP_DEFAULT): Path {
  return {
    from: fromClient ? flow.client : flow.server,
    to: fromClient ? flow.server : flow.client,
    vlanIds: flow.vlanIds,
    dscp,
    // A server is some routers away, a client is on this link.
    hopLimit: fromClient ? 64 : 57,
  };
}

/** The same flow between two given ports. */
export function withPorts(flow: Flow, clientPort: number, serverPort: number): Flow {
  return {
    ...flow,
    client: { ...flow.client, port: clientPort },
    server: { ...flow.server, port: serverPort },
  };
}

/** A port from the range that clients take theirs from (RFC 6335 section 6). */
export function ephemeralPort(random: Prng): number {
  return random.between(49_152, 65_535);
}

const GATEWAY_MAC = Uint8Array.of(0x02, 0x00, 0x5e, 0x00, 0x01, 0x01);
const VLAN_CUSTOMER = 100;
const VLAN_PROVIDER = 200;

/** Clients are private, servers from the networks set aside for documentation (RFC 5737, RFC 3849). */
function clientAddress(ipVersion: 4 | 6, random: Prng): Uint8Array {
  if (ipVersion === 6) return Uint8Array.of(0xfd, 0x00, 0x0d, ...random.bytes(12), random.between(1, 254));
  const prefix = random.pick([
    [10, random.between(0, 255)],
    [192, 168],
  ]);
  return Uint8Array.of(...prefix, random.between(0, 255), random.between(1, 254));
}

function serverAddress(ipVersion: 4 | 6, random: Prng): Uint8Array {
  const host = random.between(1, 254);
  if (ipVersion === 6) {
    return Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, random.between(0, 15), 0, 0, 0, 0, 0, 0, 0, 0, 0, host);
  }
  return Uint8Array.of(
    ...random.pick([
      [192, 0, 2],
      [198, 51, 100],
      [203, 0, 113],
    ]),
    host,
  );
}

/**
 * A new pair of hosts.
 *
 * @param index the flow's number among all flows, from 0: every 13th is in VLAN 100, every 41st in QinQ.
 */
export function makeFlow(index: number, ipVersion: 4 | 6, random: Prng): Flow {
  let vlanIds: readonly number[] = [];
  if (index % 13 === 12) vlanIds = [VLAN_CUSTOMER];
  if (index % 41 === 40) vlanIds = [VLAN_PROVIDER, VLAN_CUSTOMER];
  return {
    client: {
      // The 02 says: locally administered, so no vendor's.
      mac: Uint8Array.of(0x02, 0x00, ...random.bytes(4)),
      address: clientAddress(ipVersion, random),
      port: 0,
    },
    server: { mac: GATEWAY_MAC, address: serverAddress(ipVersion, random), port: 0 },
    vlanIds,
  };
}
