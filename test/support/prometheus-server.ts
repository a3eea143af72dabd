import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually, startProgram, type TestScope } from './upe-process.js';

/** Why there can be no Prometheus here, or `false`: for tap's `skip`. */
export function prometheusMissing(): string | false {
  return spawnSync('prometheus', ['--version']).status !== 0 && 'prometheus is not installed';
}

/** One series of an instant query's answer. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Where one instance of UPE is scraped; `labels` go onto all its series. */
export interface ScrapeTarget {
  readonly port: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PrometheusConfig {
  /** Empty: for its data and its configuration. */
  readonly folder: string;
  /** Rule files to load. */
  readonly ruleFiles: string;
  readonly targets: readonly ScrapeTarget[];
}

/** Scraping and rule evaluation once a second: a minute of it is as good as a quarter of an hour. */
const INTERVAL = '1s';

/** A Prometheus of the test's own, on loopback. */
export class PrometheusServer {
  private constructor(readonly origin: string) {}

  /** Starts it, and waits until it answers. It ends with the test. */
  static async start(t: TestScope, config: PrometheusConfig): Promise<PrometheusServer> {
    const { folder, ruleFiles, targets } = config;
    mkdirSync(join(folder, 'rules'), { recursive: true });
    cpSync(ruleFiles, join(folder, 'rules'), { recursive: true });
    const file = join(folder, 'prometheus.yaml');
    const staticConfigs = targets.map(({ port, labels = {} }) => ({
      targets: [`127.0.0.1:${port}`],
      labels,
    }));
    // JSON is YAML.
    const text = JSON.stringify({
      global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
      rule_files: ['rules/*.yaml'],
      scrape_configs: [{ job_name: 'upe', static_configs: staticConfigs }],
    });
    writeFileSync(file, text);
    const port = await freePort();
    const program = startProgram(t, 'prometheus', [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]);
    const server = new PrometheusServer(`http://127.0.0.1:${port}`);
    await eventually('answer from prometheus', async () => {
      if (program.hasEnded) throw new Error(`prometheus has ended: ${program.stderr}`);
      return (await fetch(`${server.origin}/-/ready`).catch(() => undefined))?.ok;
    });
    return server;
  }

  /** An instant query. Throws with Prometheus' own words when it refuses the expression. */
  async query(expression: string): Promise<readonly QueriedSeries[]> {
    const data = await this.api('query', { query: expression });
    const { resultType, result } = data as {
      resultType: string;
      result: QueriedSeries[] | QueriedSeries['value'];
    };
    return resultType === 'scalar'
      ? [{ metric: {}, value: result as QueriedSeries['value'] }]
      : (result as QueriedSeries[]);
  }

  /** The values of a label, as Grafana's variables ask for them. */
  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return (await this.api(`label/${label}/values`, { 'match[]': selector })) as string[];
  }

  /** Every rule that it has loaded, with the health of its last evaluation. */
  async rules(): Promise<readonly { name: string; health: string; lastError?: string; state?: string }[]> {
    const { groups } = (await this.api('rules', {})) as {
      groups: { rules: { name: string; health: string; lastError?: string; state?: string }[] }[];
    };
    return groups.flatMap((group) => group.rules);
  }

  private async api(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.origin}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }
}

/** A port that nobody listens on; it is free again when this returns, so use it soon. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
