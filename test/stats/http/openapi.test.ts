import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { FIRST_RULE_SLOT } from '../../../src/counters/catalogue.js';
import { Packet } from '../../../src/protocol/packet.js';
import { createSampleRing } from '../../../src/ring/sample-ring-layout.js';
import { TopTalkers } from '../../../src/stats/talkers/top-talkers.js';
import { FlowSampler } from '../../../src/worker/flow-sampler.js';
import { ServerStandIn } from '../server-stand-in.js';

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    name: string;
    in: string;
    required: boolean;
    description: string;
    schema: object;
  }[];
  readonly responses: Readonly<Record<string, { content: Readonly<Record<string, { schema: object }>> }>>;
}

async function start(t: { teardown(clean: () => Promise<void>): unknown }) {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  await standIn.start();
  await standIn.engine.pass();
  const response = await fetch(`${standIn.url}/api/v1/openapi.json`);
  return { standIn, response, document: (await response.json()) as Document };
}

t.test('the description is valid OpenAPI 3.1', async (t) => {
  const { response, document } = await start(t);
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...document });
  t.equal(valid, true, JSON.stringify(errors));
  t.equal(validator.version, '3.1');
  t.equal(document.info.version, '1.2.3');
});

t.test('every route of the API is described, with its parameters', async (t) => {
  const { document } = await start(t);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const described = operations.map(({ path, method, operation }) => [
    method === 'get' ? path : `${method} ${path}`,
    operation.operationId,
    operation.parameters.map((own) => `${own.in} ${own.name}${own.required ? '!' : ''}`),
    Object.keys(operation.responses),
  ]);
  t.strictSame(described, [
    [
      '/api/v1/explain',
      'explain',
      [
        ...['ip_version', 'protocol', 'src', 'dst', 'src_port', 'dst_port', 'tcp_flags', 'icmp_type', 'dscp'],
        ...['fragment', 'vlan', 'in_interface', 'hex', 'link_type', 'all', 'limit'],
      ].map((name) => `query ${name}`),
      ['200', '400', '503'],
    ],
    [
      '/api/v1/rules',
      'listRules',
      ['sort', 'order', 'action', 'name', 'matched', 'shadowed', 'limit', 'offset'].map(
        (name) => `query ${name}`,
      ),
      ['200', '400', '503'],
    ],
    ['/api/v1/rules/{name}', 'getRule', ['path name!'], ['200', '400', '404', '503']],
    [
      '/api/v1/top',
      'listTopTalkers',
      ['rule', 'unmatched', 'by', 'of', 'limit'].map((name) => `query ${name}`),
      ['200', '400', '404', '503'],
    ],
    ['/api/v1/events', 'watch', [], ['200', '400', '503']],
    ['/api/v1/captures', 'listCaptures', [], ['200', '400', '503']],
    ['post /api/v1/captures', 'beginCapture', [], ['200', '201', '400', '403', '404', '409', '500', '503']],
    ['/api/v1/captures/{id}', 'getCapture', ['path id!'], ['200', '400', '404', '503']],
    ['delete /api/v1/captures/{id}', 'endCapture', ['path id!'], ['200', '400', '403', '404', '503']],
  ]);
  for (const { operation } of operations) {
    for (const { name, description } of operation.parameters) t.ok(description.length > 10, name);
  }
});

t.test('what is answered is what the description says', async (t) => {
  const { standIn, document } = await start(t);
  standIn.engine.fillTraffic();
  const ring = createSampleRing(64);
  Object.assign(standIn.engine.state, { talkers: new TopTalkers([ring], standIn.engine.clock) });
  const sampler = new FlowSampler(ring, 1);
  sampler.beginBurst();
  sampler.take(0, Object.assign(new Packet(), { ipVersion: 4, protocol: 6 }), FIRST_RULE_SLOT, 60);
  standIn.engine.clock.ms += 1000;
  // Formats like date-time are for people here; the test of the rules reads the times.
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'upe' });
  for (const [path, described, status] of [
    ['/api/v1/rules?sort=packets', '/api/v1/rules', 200],
    ['/api/v1/rules?limit=x', '/api/v1/rules', 400],
    ['/api/v1/rules/mirror', '/api/v1/rules/{name}', 200],
    ['/api/v1/rules/nobody', '/api/v1/rules/{name}', 404],
    ['/api/v1/explain?dst=10.0.0.1&protocol=tcp&dst_port=1', '/api/v1/explain', 200],
    ['/api/v1/explain?dst=nowhere', '/api/v1/explain', 400],
    ['/api/v1/captures', '/api/v1/captures', 200],
    ['/api/v1/captures/1', '/api/v1/captures/{id}', 404],
    ['/api/v1/top', '/api/v1/top', 200],
    ['/api/v1/top?rule=nobody', '/api/v1/top', 404],
    ['/api/v1/top?by=x', '/api/v1/top', 400],
  ] as const) {
    const response = await fetch(`${standIn.url}${path}`);
    t.equal(response.status, status, path);
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const pointer = ['paths', described, 'get', 'responses', String(status), 'content', type, 'schema']
      .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/');
    const validate = ajv.getSchema(`upe#/${pointer}`);
    t.ok(validate, `${path}: ${type} is described`);
    const body: unknown = await response.json();
    t.ok(validate?.(body), `${path}: ${JSON.stringify(validate?.errors)}`);
    t.notOk(validate?.({ nonsense: true }), 'and nonsense is not');
  }
});
