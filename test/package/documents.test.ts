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
