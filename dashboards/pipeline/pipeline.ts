import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { buildDashboard } from '../dashboard.js';
import { buffers } from './buffers.js';
import { captures } from './captures.js';
import { latency } from './latency.js';
import { state } from './state.js';
import { eventLoops, processes, threads } from './threads.js';
import { workers } from './workers.js';

/** Where does it get tight? The way of a packet through rings, workers and buffers. */
export function pipeline(): Dashboard {
  return buildDashboard({
    uid: 'upe-pipeline',
    description:
      'Threads, rings, buffers, bursts and latency: where it gets tight, and how near the limit is.',
    sections: [state(), threads(), workers(), buffers(), latency(), eventLoops(), processes(), captures()],
  });
}
