import { closest } from 'fastest-levenshtein';
import { SETTINGS } from './schema.js';

const VARIABLE_NAMES: readonly string[] = Object.values(SETTINGS).map((setting) => setting.env);

/**
 * What Kubernetes puts into every pod beside a Service named upe, and Docker into a container that is
 * linked to one named upe. They describe that service and configure nothing.
 * Sources: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables,
 * https://docs.docker.com/engine/network/links/#environment-variables
 */
const INJECTED: readonly RegExp[] = [
  /^UPE_SERVICE_HOST$/,
  /^UPE_SERVICE_PORT(_[A-Z0-9_]+)?$/,
  /^UPE_PORT$/,
  /^UPE_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/,
  /^UPE_NAME$/,
  /^UPE_ENV_./,
];

/**
 * One sentence for each `UPE_*` variable that is neither a setting nor injected, by name: a misspelled
 * variable would otherwise leave its setting at the default without a word. An empty variable counts
 * as unset, here as everywhere.
 */
export function unknownVariableProblems(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('UPE_') && env[name] !== '' && env[name] !== undefined)
    .filter((name) => !VARIABLE_NAMES.includes(name) && !INJECTED.some((pattern) => pattern.test(name)))
    .sort()
    .map((name) => {
      const nearest = closest(name.toUpperCase(), VARIABLE_NAMES);
      return `${name} is not a variable of UPE; the nearest name is ${nearest}: correct it or remove it.`;
    });
}
