import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { buildDashboard } from '../dashboard.js';
import { accounting } from './accounting.js';
import { fleet } from './fleet.js';
import { health } from './health.js';
import { losses } from './losses.js';
import { traffic } from './traffic.js';

/** Is it well, and if not, where? From the answer to the details, top to bottom. */
export function overview(): Dashboard {
  return buildDashboard({
    uid: 'upe-overview',
    description:
      'Health, traffic and losses of all instances, and the proof that every packet is accounted for.',
    sections: [health(), traffic(), accounting(), losses(), fleet()],
  });
}
