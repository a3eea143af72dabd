import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Between two samples, seconds: Prometheus looks 5 minutes back for one. */
const SAMPLE_SECONDS = 240;
const SECONDS_PER_DAY = 86_400;

/** One series of the past. */
export interface PastSeries {
  /** Name and labels, as PromQL writes them: `up{job="upe"}`. */
  readonly series: string;
  readonly type: 'counter' | 'gauge';
  /** The value so many days ago; `null`: it was not there. */
  value(daysAgo: number): number | null;
}

/**
 * Writes samples of the past as blocks that a Prometheus reads.
 *
 * @param folder where Prometheus will keep its data.
 * @param days how far back.
 * @param now Unix time, seconds.
 */
export function writePast(folder: string, series: readonly PastSeries[], days: number, now: number): void {
  const file = join(folder, 'past.om');
  const out = openSync(file, 'w');
  // A family's series must stand together.
  const byFamily = [...series].sort((a, b) => (familyOf(a) < familyOf(b) ? -1 : 1));
  let family = '';
  for (const own of byFamily) {
    if (familyOf(own) !== family) writeSync(out, `# TYPE ${familyOf(own)} ${own.type}\n`);
    family = familyOf(own);
    const lines: string[] = [];
    for (let at = now - days * SECONDS_PER_DAY; at <= now; at += SAMPLE_SECONDS) {
      const value = own.value((now - at) / SECONDS_PER_DAY);
      if (value !== null) lines.push(`${own.series} ${value} ${at}\n`);
    }
    writeSync(out, lines.join(''));
  }
  writeSync(out, '# EOF\n');
  closeSync(out);
  // It reads the whole file once for each block.
  const blocks = ['--max-block-duration=1458h', file, join(folder, 'data')];
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', ...blocks], {
    stdio: 'pipe',
  });
  rmSync(file);
}

function familyOf({ series, type }: PastSeries): string {
  const [name] = series.split('{');
  return type === 'counter' ? name.replace(/_total$/, '') : name;
}
