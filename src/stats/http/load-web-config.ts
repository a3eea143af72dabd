import { validateHeaderValue } from 'node:http';
import { dirname } from 'node:path';
import { ConfigError, WebConfigError } from '../../errors.js';
import type { FileKind, ProblemLog } from '../../rules/rule-problems.js';
import { decodeYaml, parseYaml } from '../../rules/yaml-document.js';
import { buildTree, resolved } from '../../rules/yaml-tree.js';
import { readSmallFile } from './small-file.js';
import { readTlsSettings, TlsFiles } from './tls-settings.js';
import { asksWhoComes, OPEN_TO_ALL, type WebConfig } from './web-config.js';
import { type Fields, YamlFields } from './yaml-fields.js';

const WEB_CONFIG: FileKind = { noun: 'web configuration', Error: WebConfigError };

const SECTIONS = ['tls_server_config', 'http_server_config', 'basic_auth_users'];
const NO_RATE_LIMIT = 'UPE has limits of its own, which are not configured; remove this key';
/** Of the format: the headers that may be set, and their values where only some make sense. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
};
/** What bcrypt makes: version, cost, 22 characters of salt and 31 of the hash. */
const BCRYPT_HASH = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const BCRYPT_COST_MIN = 4;
/** Each further step doubles the time of a login: 15 takes some seconds. */
const BCRYPT_COST_MAX = 15;

/**
 * Reads and checks a web configuration and the files that it names.
 *
 * @param file its path; the paths in it are relative to its folder.
 * @param mustAuthenticate refuse one that lets in who has neither password nor client certificate.
 * @throws ConfigError when the file cannot be read, WebConfigError with every problem in it.
 */
export function loadWebConfig(file: string, mustAuthenticate: boolean): WebConfig {
  const content = readSmallFile(file);
  if (typeof content === 'string') {
    throw new ConfigError([`web configuration ${file} ${content}; set UPE_WEB_CONFIG_FILE to another.`]);
  }
  const text = decodeYaml(content, file, WEB_CONFIG);
  const { problems } = text;
  const root = buildTree(parseYaml(text), problems);
  problems.sealLines();
  const config = new WebConfigReader(problems, file).read(root);
  problems.throwIfAny();
  // What is to be asked is known only of a configuration without mistakes.
  if (mustAuthenticate && !asksWhoComes(config)) {
    problems.add(0, `nothing here asks who comes; ${AUTHENTICATION_REMEDY}`);
  }
  problems.throwIfAny();
  return config;
}

/** What lets UPE tell who may change something. */
const AUTHENTICATION_REMEDY =
  'UPE_HTTP_LIFECYCLE at an address that others reach needs basic_auth_users, or ' +
  'client_auth_type: RequireAndVerifyClientCert';

class WebConfigReader {
  private readonly yaml: YamlFields;

  constructor(
    private readonly problems: ProblemLog,
    private readonly file: string,
  ) {
    this.yaml = new YamlFields(problems);
  }

  read(root: Parameters<YamlFields['mapping']>[0]): WebConfig {
    const node = resolved(root);
    // An empty file is a valid one in the format, and asks for nothing: it is more likely a mistake.
    if (node.kind === 'scalar' && node.text === '') {
      this.problems.add(0, `the file is empty; give it one of ${SECTIONS.join(', ')}`);
      return OPEN_TO_ALL;
    }
    const sections = this.yaml.fields(root, 'a web configuration', SECTIONS, { rate_limit: NO_RATE_LIMIT });
    const files = new TlsFiles(dirname(this.file));
    const tls = sections.get('tls_server_config');
    const http = sections.get('http_server_config');
    const users = sections.get('basic_auth_users');
    return {
      tls: tls === undefined ? null : readTlsSettings(tls, this.yaml, files),
      headers:
        http === undefined
          ? new Map()
          : this.headers(this.yaml.fields(http.node, 'http_server_config', ['http2', 'headers'])),
      users: users === undefined ? new Map() : this.users(this.yaml.mapping(users.node, 'basic_auth_users')),
      files: [this.file, ...files.read],
    };
  }

  private headers(http: Fields): Map<string, string> {
    if (this.yaml.flag(http, 'http2') === true) {
      this.yaml.problem(http.get('http2')!, 'http2: UPE speaks HTTP/1.1; write false, or remove this key');
    }
    const headers = new Map<string, string>();
    const given = http.get('headers');
    if (given === undefined) return headers;
    const fields = this.yaml.fields(given.node, 'headers', Object.keys(HEADERS));
    for (const [name, values] of Object.entries(HEADERS)) {
      const value = this.yaml.text(fields, name);
      if (value === null) continue;
      if (values.length > 0 && !values.includes(value)) {
        this.yaml.problem(fields.get(name)!, `${name} must be ${values.join(' or ')}`);
      } else if (!isHeaderValue(name, value)) {
        this.yaml.problem(fields.get(name)!, `${name} has a character that no header may have`);
      } else headers.set(name.toLowerCase(), value);
    }
    return headers;
  }

  private users(given: Fields): Map<string, string> {
    const users = new Map<string, string>();
    for (const [user, entry] of given) {
      const node = resolved(entry.node);
      const hash = node.kind === 'scalar' ? BCRYPT_HASH.exec(node.text) : null;
      const cost = Number(hash?.[1]);
      if (user.includes(':')) {
        this.problems.add(
          entry.keyOffset,
          'a user name cannot have a colon: basic authentication ends it there',
        );
      } else if (hash === null) {
        this.yaml.problem(entry, 'not a bcrypt hash; make one with: htpasswd -nBC 10 ""');
      } else if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX) {
        const range = `${BCRYPT_COST_MIN} to ${BCRYPT_COST_MAX}`;
        this.yaml.problem(entry, `a bcrypt hash of cost ${cost}; UPE takes ${range}, and 10 is enough`);
      } else users.set(user, hash[0]);
    }
    return users;
  }
}

function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
