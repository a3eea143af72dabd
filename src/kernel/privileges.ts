import { readdirSync, readFileSync } from 'node:fs';
import { ConfigError, EnvironmentError } from '../errors.js';

/** Who the process shall be once it has opened what needs privileges. */
export interface Account {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks up who to become.
 *
 * @param user name or number.
 * @param group name or number; `null` for the user's own.
 * @throws ConfigError when there is no such user or group.
 */
export function findAccount(user: string, group: string | null): Account {
  // /etc/passwd: name, password, uid, gid; /etc/group: name, password, gid. passwd(5), group(5).
  const account = lookUp('/etc/passwd', user);
  const uid = /^\d+$/.test(user) ? Number(user) : account?.[2];
  if (uid === undefined) throw new ConfigError([`UPE_USER is "${user}", and there is no such user.`]);
  if (group === null) {
    if (account === undefined) {
      throw new ConfigError([`UPE_USER is "${user}", a number without an account: set UPE_GROUP as well.`]);
    }
    return { user, uid: Number(uid), gid: Number(account[3]) };
  }
  const gid = /^\d+$/.test(group) ? group : lookUp('/etc/group', group)?.[2];
  if (gid === undefined) throw new ConfigError([`UPE_GROUP is "${group}", and there is no such group.`]);
  return { user, uid: Number(uid), gid: Number(gid) };
}

/** The line of an account file whose name, or number in the third field, is the one given. */
function lookUp(file: string, name: string): string[] | undefined {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find((fields) => fields[0] === name || fields[2] === name);
}

/**
 * Becomes somebody else, in all threads of the process at once: the C library's setuid does that, and
 * with it go all capabilities. On the main thread only.
 *
 * @throws EnvironmentError without CAP_SETUID and CAP_SETGID.
 */
export function become(account: Account): void {
  try {
    process.setgroups?.([account.gid]);
    process.setgid?.(account.gid);
    process.setuid?.(account.uid);
  } catch (error) {
    throw new EnvironmentError(
      `cannot change to user ${account.user} (${(error as Error).message}): this needs the capabilities ` +
        'CAP_SETUID and CAP_SETGID; give them, or set UPE_USER to the user that UPE is started as',
    );
  }
}

/** Threads of this process that still hold a capability: their names. */
export function privilegedThreads(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    const sets = status.match(/^Cap(Prm|Eff):\s*(\w+)$/gm) ?? [];
    const holdsAny = sets.some((line) => !/\t0+$/.test(line));
    return holdsAny ? [status.match(/^Name:\s*(.*)$/m)?.[1] ?? task] : [];
  });
}
