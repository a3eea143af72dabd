import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { selected } from './queries.js';

/** What every query asks: the data source that is chosen at the top of the dashboard. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: reference('datasource') };

/** Where Grafana is to put the value of one of its variables. */
export function reference(variable: string): string {
  return `\${${variable}}`;
}

/** Grafana's number for a variable that lists a label's values. */
const LABEL_VALUES = 1;

/** A file-provisioned dashboard cannot ask for its data source on import, so it is a variable. */
export function datasourceVariable(): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus');
}

/**
 * The scrape jobs of UPE. "All" is the list of them and not `.*`, because `up` is a metric of every other
 * job as well.
 */
export function jobVariable(): QueryVariableBuilder {
  return labelVariable('job', 'Job', 'upe_build_info');
}

export function instanceVariable(): QueryVariableBuilder {
  return labelVariable('instance', 'Instance', 'upe_build_info{job=~"$job"}').allValue('.*');
}

/** "All" is `.*`: ten thousand names would make a query too long to send. */
export function ruleVariable(): QueryVariableBuilder {
  return labelVariable('rule', 'Rule', selected('upe_rule_packets_total')).allValue('.*');
}

function labelVariable(label: string, title: string, selector: string): QueryVariableBuilder {
  const query = `label_values(${selector}, ${label})`;
  return new QueryVariableBuilder(label)
    .label(title)
    .datasource(DATASOURCE)
    .query({ qryType: LABEL_VALUES, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
