import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from './engine-fixture.js';
import { freePort } from './free-port.js';
import { PROMETHEUS_FOLDER } from './prometheus-rules.js';
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

/** Scraping and rule evaluation once a second: a minute of it is as good as a quarter of an hour. */
const INTERVAL = '1s';

/** The configuration that scrapes instances of UPE, and evaluates the rules that ship with it. */
export function configurationFor(targets: readonly ScrapeTarget[]): object {
  const staticConfigs = targets.map(({ port, labels = {} }) => ({
    targets: [`127.0.0.1:${port}`],
    labels,
  }));
  return {
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [join(PROMETHEUS_FOLDER, 'rules', '*.yaml')],
    scrape_configs: [{ job_name: 'upe', static_configs: staticConfigs }],
  };
}

/** Between two questions to one that scrapes once a second, milliseconds. */
export const PROMETHEUS_REST_MS = 200;

/** Where data is kept. Debian's package has put the default into /var/lib/prometheus. */
const STORAGE = ['--storage.tsdb.path=data'];

/** A Prometheus that answers. */
export class PrometheusServer {
  /** @param origin where its API is: `http://127.0.0.1:9090`. */
  constructor(readonly origin: string) {}

  /**
   * Starts one of the test's own on loopback, and waits until it is ready. It ends with the test.
   *
   * @param configuration what its file says.
   * @param flags its role, and where in a folder of its own it keeps data.
   */
  static async start(
    t: TestScope,
    configuration: object,
    flags: readonly string[] = STORAGE,
  ): Promise<PrometheusServer> {
    const folder = temporaryFolder(t);
    const file = join(folder, 'prometheus.yaml');
    writeFileSync(file, stringify(configuration));
    const address = `127.0.0.1:${await freePort()}`;
    const own = [`--config.file=${file}`, `--web.listen-address=${address}`, '--log.level=warn'];
    const program = startProgram(t, 'prometheus', [...own, ...flags], { cwd: folder });
    const server = new PrometheusServer(`http://${address}`);
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

  /** What went wrong with the last scrape of each job's target; nothing where it went well. */
  async lastErrors(): Promise<ReadonlyMap<string, string>> {
    const { activeTargets } = (await this.api('targets', { state: 'active' })) as {
      activeTargets: { labels: { job: string }; lastError: string }[];
    };
    return new Map(activeTargets.map(({ labels, lastError }) => [labels.job, lastError]));
  }

  private async api(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(`${this.origin}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }
}
