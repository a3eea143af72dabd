import { readdirSync, readFileSync } from 'node:fs';

/** Who a thread is, and what it may. */
export interface Account {
  /** Real, effective, saved and of the file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Supplementary, with blanks between them. */
  readonly groups: string;
  /** Permitted and effective, in hexadecimal digits. */
  readonly capabilities: readonly string[];
}

export const NO_CAPABILITY = ['0000000000000000', '0000000000000000'];

/** Four times the same number, as for somebody who cannot become anybody else. */
export const four = (id: number) => [id, id, id, id];

/** What is left of a container's root when everything is open, and what runs in one that needs no root. */
export const NOBODY_AT_ALL: Account = {
  uids: four(65_534),
  gids: four(65_534),
  groups: '65534',
  capabilities: NO_CAPABILITY,
};

/** What the kernel says of each thread of a process; the lines of proc(5) by their names. */
function threadsOf(pid: number): Record<string, string>[] {
  return readdirSync(`/proc/${pid}/task`).map((task) => {
    const lines = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(':\t') as [string, string]));
  });
}

/** The user, the groups and the capabilities that all threads have in common; fails when they differ. */
export function accountOf(
  t: { strictSame(a: unknown, b: unknown, what: string): unknown },
  pid: number,
): Account {
  const threads = threadsOf(pid).map(({ Uid, Gid, Groups, CapPrm, CapEff }) => ({
    uids: Uid.split('\t').map(Number),
    gids: Gid.split('\t').map(Number),
    groups: Groups.trim(),
    capabilities: [CapPrm, CapEff],
  }));
  const different = threads.filter((thread) => JSON.stringify(thread) !== JSON.stringify(threads[0]));
  t.strictSame(different, [], `${threads.length} threads are alike`);
  return threads[0];
}
