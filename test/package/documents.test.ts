import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { ROOT } from './lockfile.js';

const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'deploy/runbooks.md', 'test/README.md'];

/** The anchor that a heading gets on the sites that show repositories: lower case, hyphens, no punctuation. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(file: string): Set<string> {
  const text = readFileSync(file, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading)));
}

/** Targets of links within the repository, images included. */
function linksOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** The tables of a document: their lines, from the header on, with their line numbers. */
function tablesOf(text: string): { line: number; cells: number; header: number }[] {
  // Code may hold bars of its own; in a cell, one is written \\|.
  const lines = text.replaceAll(/^```[\s\S]*?^```/gm, (code) => code.replaceAll(/[^\n]/g, '')).split('\n');
  let header = 0;
  return lines.flatMap((text, i) => {
    if (!text.startsWith('|')) {
      header = 0;
      return [];
    }
    const cells = text.replaceAll('\\|', '').split('|').length - 2;
    if (header === 0) header = cells;
    return [{ line: i + 1, cells, header }];
  });
}

t.test('every row of a table has as many cells as its header', async (t) => {
  let count = 0;
  for (const document of DOCUMENTS) {
    for (const { line, cells, header } of tablesOf(readFileSync(join(ROOT, document), 'utf8'))) {
      count++;
      if (cells !== header) t.fail(`${document}:${line}: ${cells} cells, and the header has ${header}`);
    }
  }
  t.ok(count > 150, `${count} rows`);
});

t.test('the table of metrics has every metric', async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('\n## Metrics\n'), readme.indexOf('\n## HTTP\n'));
  const golden = readFileSync(join(ROOT, 'test/stats/metrics.golden.txt'), 'utf8');
  const names = [...golden.matchAll(/^# TYPE (upe_\w+)/gm)].map(([, name]) => name);
  t.ok(names.length > 40, `${names.length} metrics`);
  for (const name of names) if (!section.includes(`\`${name}\``)) t.fail(`${name} is missing`);
});

t.test('every link within the repository leads somewhere', async (t) => {
  let count = 0;
  for (const document of DOCUMENTS) {
    const file = join(ROOT, document);
    for (const link of linksOf(file)) {
      const [path, anchor] = link.split('#');
      const target = path === '' ? file : resolve(dirname(file), path);
      count++;
      if (!existsSync(target)) t.fail(`${document}: ${link} is not there`);
      else if (anchor !== undefined && !anchorsOf(target).has(anchor))
        t.fail(`${document}: ${link}, no heading`);
    }
  }
  t.ok(count > 50, `${count} links`);
});
