import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { README_FILE } from '../../package-files.js';
import type { EngineState } from '../engine-state.js';
import { LANDING_PAGE_POLICY, landingPage } from '../landing/page.js';
import { PageFiles } from './page-files.js';

/** Where the README of this version is, as text. */
const DOCUMENTATION_PATH = '/docs';

export interface LandingEndpointDeps {
  readonly state: EngineState;
  /** Time between two stats passes, milliseconds. */
  readonly intervalMs: number;
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
  readonly notReadyBecause: () => string | null;
}

/** What people look at: the landing page, what it loads, and the README. */
export class LandingEndpoint {
  private readonly files = new PageFiles();

  constructor(private readonly deps: LandingEndpointDeps) {}

  addRoutes(app: FastifyInstance): void {
    const { state, intervalMs, refresh, notReadyBecause } = this.deps;
    const documentation = readDocumentation();
    const links = [
      '/metrics',
      '/-/healthy',
      '/-/ready',
      ...(documentation === null ? [] : [DOCUMENTATION_PATH]),
    ];
    app.get('/', async (_request, reply) => {
      await refresh();
      reply.header('content-security-policy', LANDING_PAGE_POLICY);
      const page = landingPage(state, { notReadyBecause: notReadyBecause(), intervalMs, links });
      return reply.type('text/html; charset=utf-8').send(page);
    });
    if (documentation !== null) {
      app.get(DOCUMENTATION_PATH, async (_request, reply) =>
        reply.type('text/plain; charset=utf-8').send(documentation),
      );
    }
    this.files.addRoutes(app);
  }
}

/** The README, or `null` where somebody has left it out of the installation. */
function readDocumentation(): string | null {
  try {
    return readFileSync(README_FILE, 'utf8');
  } catch {
    return null;
  }
}
