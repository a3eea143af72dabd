import { constants } from 'node:os';
import { EnvironmentError } from '../errors.js';
import { errnoName } from './libc.js';

/** The capability is missing, or the kernel refuses for another reason: a sentence for the user. */
export function refusal(what: string, errno: number): EnvironmentError {
  const name = errnoName(errno);
  if (errno === constants.errno.EPERM || errno === constants.errno.EACCES) {
    return new EnvironmentError(
      `${what}: ${name}; this needs the capability CAP_NET_RAW: start as root, give a container ` +
        '--cap-add NET_RAW, a systemd unit AmbientCapabilities=CAP_NET_RAW, or node itself ' +
        '`setcap cap_net_raw+ep $(readlink -f $(which node))`',
    );
  }
  return new EnvironmentError(`${what}: ${name}`);
}
