import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../support/package-root.js';
import { Scrape } from '../support/scrape.js';
import { guestMissing, SystemdGuest } from '../support/systemd-guest.js';
import { eventually } from '../support/upe-process.js';

t.setTimeout(120_000);

const FOLDER = join(ROOT, 'deploy/systemd');
const RULES = 'rules:\n  - { name: web, match: { dst_port: 443 }, action: count }\n';

/** The unit and its settings as they are, but for the interface: the guest has none but lo. */
function setup(settings = '') {
  const env = readFileSync(join(FOLDER, 'upe.env'), 'utf8').replace('=eth0', '=lo');
  return {
    unit: readFileSync(join(FOLDER, 'upe.service'), 'utf8'),
    etc: { 'upe.env': `${env}${settings}`, 'rules.yaml': RULES },
  };
}

/** Waits until the service answers with a metric of that value. */
function scrapeWhen(guest: SystemdGuest, series: string, value: number): Promise<Scrape> {
  return eventually(`${series} ${value}`, () => {
    const { status, output } = guest.run('curl', '--silent', '--fail', 'http://127.0.0.1:9912/metrics');
    const scrape = status === 0 && new Scrape(output);
    return scrape !== false && scrape.values.get(series) === value && scrape;
  });
}

t.test('the service as systemd runs it', { skip: guestMissing() }, async (t) => {
  const guest = await SystemdGuest.start(t, setup());
  t.strictSame(guest.run('systemctl', 'start', 'upe'), { status: 0, output: '' });
  await eventually('start', () => guest.words.includes('metrics at http://'));
  t.equal(guest.run('curl', '--silent', 'http://127.0.0.1:9912/-/ready').output, 'UPE is ready.\n');

  const pid = guest.property('MainPID');
  const status = guest.run('sh', '-c', `cat /proc/${pid}/task/*/status`).output;
  for (const [field, value] of [
    ['Uid', '65534\t65534\t65534\t65534'],
    ['CapPrm', '0000000000000000'],
    ['CapEff', '0000000000000000'],
    // CAP_SETGID 6, CAP_SETUID 7, CAP_NET_RAW 13 (linux/capability.h): what it was started with.
    ['CapBnd', '00000000000020c0'],
    ['NoNewPrivs', '1'],
    // A filter of system calls is at work.
    ['Seccomp', '2'],
  ]) {
    const values = [...status.matchAll(new RegExp(`^${field}:\t(.*)$`, 'gm'))].map(([, found]) => found);
    t.ok(values.length > 4, 'all threads');
    t.strictSame([...new Set(values)], [value], field);
  }
  await eventually('packets: what this test asks', async () => {
    const scrape = await scrapeWhen(guest, 'upe_accounting_violations_total', 0);
    return scrape.sum('upe_rx_packets_total') > 0;
  });

  t.strictSame(guest.run('systemctl', 'reload', 'upe'), { status: 0, output: '' });
  await scrapeWhen(guest, 'upe_rules_generation', 2);
  guest.run('sh', '-c', 'chmod 600 /etc/upe/rules.yaml');
  guest.run('systemctl', 'reload', 'upe');
  await scrapeWhen(guest, 'upe_config_last_reload_successful', 0);
  t.match(guest.words, /rule file \/etc\/upe\/rules\.yaml may not be read by user 65534;/);

  t.equal(guest.run('systemctl', 'kill', '--signal=KILL', 'upe').status, 0);
  await eventually('a start by itself', () => guest.property('NRestarts') === '1');
  await scrapeWhen(guest, 'upe_rules_generation', 1);
  t.equal(guest.run('systemctl', 'stop', 'upe').status, 0);
  t.equal(guest.property('Result'), 'success');
  t.match(guest.words, 'stopped: every packet is accounted for');
});

t.test('a mistake in its settings is said, and not tried again', { skip: guestMissing() }, async (t) => {
  const guest = await SystemdGuest.start(t, setup('UPE_WORKERS=4x\n'));
  guest.run('systemctl', 'start', 'upe');
  await eventually('its end', () => guest.property('ActiveState') === 'failed');
  t.equal(guest.property('ExecMainStatus'), '2');
  t.equal(guest.property('NRestarts'), '0');
  t.match(guest.words, /upe: UPE_WORKERS is "4x", but it must be/);
});
