import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { selected } from './queries.js';
import { DATASOURCE } from './variables.js';

/**
 * Rules loaded anew, at the time at which it happened rather than at the next scrape. The first table of a
 * process is generation 1: its start says enough about that.
 */
function reloads(): AnnotationQueryBuilder {
  const loadedMs = `1000 * ${selected('upe_config_last_reload_success_timestamp_seconds')}`;
  return annotation('Reloads', 'blue', `${loadedMs} and ${selected('upe_rules_generation')} > 1`)
    .useValueForTime(true)
    .titleFormat('Rules reloaded')
    .textFormat('{{instance}}');
}

/** A region for as long as the rules in use are not those of the file. */
function failedReloads(): AnnotationQueryBuilder {
  return annotation(
    'Failed reloads',
    'orange',
    `${selected('upe_config_last_reload_successful')} == bool 0 > 0`,
  )
    .titleFormat('The rule file could not be loaded: the old rules are in use')
    .textFormat('{{instance}}');
}

function restarts(): AnnotationQueryBuilder {
  return annotation('Restarts', 'purple', `1000 * ${selected('process_start_time_seconds')}`)
    .useValueForTime(true)
    .titleFormat('UPE started')
    .textFormat('{{instance}}');
}

/** What happened, as lines and regions in every graph. */
export function annotations(): AnnotationQueryBuilder[] {
  return [restarts(), reloads(), failedReloads()];
}

function annotation(name: string, color: string, expression: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .tagKeys('instance')
    .target(new DataqueryBuilder().refId('Anno').expr(expression).range());
}
