/*
 * Who sends what a rule sees, as `GET /api/v1/top` tells of it: the stats thread makes it, and the page's script and
 * `upe top` read it.
 */

/** The packets of one direction of a conversation. */
export interface Flow {
  readonly source: string;
  readonly source_port: number | null;
  readonly destination: string;
  readonly destination_port: number | null;
  readonly protocol: string;
}

export interface Talker {
  readonly flow?: Flow;
  readonly source?: string;
  readonly destination?: string;
  readonly packets: number;
  readonly bytes: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}
