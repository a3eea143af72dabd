import t from 'tap';
import { parseSelector, selectorOf } from '../../src/prometheus/selector.js';

for (const [text, expected] of [
  ['job="edge"', 'job="edge"'],
  ['{job="edge"}', 'job="edge"'],
  [' { job = "edge" , site =~ "eu-.*" , } ', 'job = "edge",site =~ "eu-.*"'],
  ["job!='a',b!~'c'", "job!='a',b!~'c'"],
  ['a="}",b="x,y\\"z"', 'a="}",b="x,y\\"z"'],
  ['_a1=""', '_a1=""'],
] as const) {
  t.test(`conditions: ${text}`, async (t) => {
    t.equal(parseSelector(text), expected);
  });
}

t.test('what is no list of conditions', async (t) => {
  for (const text of [
    ...[
      '',
      '{}',
      ' ',
      '{',
      'job',
      'job=',
      'job=edge',
      'job="edge',
      'job="edge"}',
      '{job="edge"',
      '{{job="edge"}}',
    ],
    ...[
      '1a="b"',
      'a-b="c"',
      'a=="b"',
      'a=~b',
      'a="b" c="d"',
      ',a="b"',
      'a="b",,c="d"',
      'up{job="edge"}',
      'a="b\n"',
    ],
    // What would end the selector and go on with something else.
    ...['a="b"} or vector(1) or up{c="d"', 'a="\\"} or up{b="c"', '"a"="b"', 'a=`b`'],
  ]) {
    t.equal(parseSelector(text), null, text);
  }
});

t.test('selectors mean the names themselves', async (t) => {
  t.equal(selectorOf('up', '', null), 'up{}');
  t.equal(selectorOf('up', 'a="b"', null), 'up{a="b"}');
  t.equal(selectorOf('up', 'a="b"', ['x.y', 'z-1']), 'up{a="b",rule=~"x\\\\.y|z-1"}');
  t.equal(selectorOf('up', '', ['a"b']), 'up{rule=~"a\\"b"}');
});
