import { constants } from 'node:os';
import { TRANSMIT_FAILURES } from '../counters/catalogue.js';

/** Positions in `TRANSMIT_FAILURES` of what can go wrong on a live interface. */
export const QUEUE_FULL = TRANSMIT_FAILURES.indexOf('queue_full');
export const OVERSIZE = TRANSMIT_FAILURES.indexOf('oversize');
export const INTERFACE_DOWN = TRANSMIT_FAILURES.indexOf('interface_down');
export const ERROR = TRANSMIT_FAILURES.indexOf('error');

const { EAGAIN, EMSGSIZE, ENETDOWN, ENOBUFS, ENODEV, ENXIO } = constants.errno;

/** Position in `TRANSMIT_FAILURES` of what the kernel says. */
export function failureOf(errno: number): number {
  switch (errno) {
    case EAGAIN:
    case ENOBUFS:
      return QUEUE_FULL;
    case EMSGSIZE:
      return OVERSIZE;
    case ENETDOWN:
    case ENODEV:
    case ENXIO:
      return INTERFACE_DOWN;
    default:
      return ERROR;
  }
}
