import t from 'tap';
import { RuleCounts } from '../../src/page/rule-counts.js';
import { firstOrder, orderedPositions, type SortKey } from '../../src/page/rule-order.js';
import { SPARKLINE_HEIGHT, sparklinePath } from '../../src/page/sparkline.js';

const NAMES = ['web', 'dns', 'Telnet', 'ssh'];
const RULES = NAMES.map((rule, i) => ({
  position: i + 1,
  rule,
  action: 'count',
  out_interface: null,
  priority: 0,
  match: `dst_port: ${i}`,
  packets: 0,
  last_match: null,
  in_table_since: '',
  shadowed: null,
  text: `${rule}\ndst_port: ${i}`.toLowerCase(),
}));

/** Two passes, so that dns has the rate, telnet the packets, and web neither. */
function start(): RuleCounts {
  const counts = new RuleCounts();
  counts.begin({ generation: 1, rules: 4 });
  counts.apply({ generation: 1, at_ms: 1000, changes: [3, 900, 90_000] });
  counts.apply({ generation: 1, at_ms: 2000, changes: [2, 50, 3000, 2, 20, 9000] });
  return counts;
}

t.test('rules are sorted by each column, the most first, equal ones in the order of the table', async (t) => {
  const counts = start();
  const orders: [SortKey, string[]][] = [
    ['position', ['web', 'dns', 'Telnet', 'ssh']],
    ['name', ['Telnet', 'dns', 'ssh', 'web']],
    ['packets', ['Telnet', 'dns', 'ssh', 'web']],
    ['rate', ['dns', 'ssh', 'web', 'Telnet']],
    ['bits', ['ssh', 'dns', 'web', 'Telnet']],
    ['last', ['dns', 'ssh', 'web', 'Telnet']],
  ];
  for (const [key, names] of orders) {
    const positions = orderedPositions(RULES, counts, firstOrder(key), '');
    t.strictSame(
      [...positions].map((position) => NAMES[position]),
      names,
      key,
    );
  }
  const order = { key: 'rate', isDescending: false } as const;
  t.strictSame([...orderedPositions(RULES, counts, order, '')], [0, 2, 3, 1]);
});

t.test('the search looks at names and matches, in upper or lower case', async (t) => {
  const counts = start();
  const find = (search: string) => [...orderedPositions(RULES, counts, firstOrder('position'), search)];
  t.strictSame(find('telnet'), [2]);
  t.strictSame(find('port: 1'), [1]);
  t.strictSame(find('s'), [0, 1, 2, 3]);
  t.strictSame(find('nobody'), []);
});

t.test('a sparkline goes from the bottom to the top, and ends at the right', async (t) => {
  t.equal(sparklinePath([]), '');
  t.equal(sparklinePath([1]), '');
  const bottom = SPARKLINE_HEIGHT - 1;
  t.equal(sparklinePath([0, 10]), `M94.4 ${bottom}.0L96.0 1.0`);
  t.equal(sparklinePath([0, 0]), `M94.4 ${bottom}.0L96.0 ${bottom}.0`, 'nothing is a line at the bottom');
});
