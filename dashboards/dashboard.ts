import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { annotations } from './annotations.js';
import { demoBanner } from './demo-banner.js';
import { layOut, type Section } from './layout.js';
import { datasourceVariable, instanceVariable, jobVariable } from './variables.js';

/** The dashboards, in the order in which they link to each other: contracts, as links from outside use them. */
export const TITLES = {
  'upe-overview': 'UPE / Overview',
  'upe-rules': 'UPE / Rules',
  'upe-pipeline': 'UPE / Pipeline',
} as const;

export type DashboardUid = keyof typeof TITLES;

interface Builder<T> {
  build(): T;
}

/** What makes one dashboard differ from the others. */
export interface Contents {
  readonly uid: DashboardUid;
  readonly description: string;
  /** Beside those that every dashboard has. */
  readonly variables?: readonly Builder<VariableModel>[];
  readonly sections: readonly Section[];
}

/** A dashboard as Grafana stores it: schema v1, which every supported version reads. */
export function buildDashboard({ uid, description, variables = [], sections }: Contents): Dashboard {
  const builder = new DashboardBuilder(TITLES[uid])
    .uid(uid)
    .description(description)
    .tags(['upe'])
    .editable()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .variables([datasourceVariable(), jobVariable(), instanceVariable(), ...variables])
    .annotations([ownAnnotations(), ...annotations().map(inSight)])
    .links(linksTo(uid));
  return { ...builder.build(), panels: layOut([{ title: '', lines: [[demoBanner()]] }, ...sections]) };
}

/** Links to the other dashboards; the time range and the selection go along. */
function linksTo(own: DashboardUid): Builder<DashboardLink>[] {
  return (Object.keys(TITLES) as DashboardUid[])
    .filter((uid) => uid !== own)
    .map((uid) =>
      new DashboardLinkBuilder(TITLES[uid])
        .type(DashboardLinkType.Link)
        .icon('dashboard')
        .url(`/d/${uid}`)
        .keepTime(true)
        .includeVars(true),
    )
    .map(inSight);
}

/** The SDK puts links and annotations into a menu unless told otherwise; these are to be seen at once. */
function inSight<T extends { placement?: unknown }>(builder: Builder<T>): Builder<Omit<T, 'placement'>> {
  return {
    build: () => {
      const { placement: _inMenu, ...rest } = builder.build();
      return rest;
    },
  };
}

/** Grafana's own annotations, those that people write by hand: a dashboard without this entry cannot show them. */
function ownAnnotations(): Builder<AnnotationQuery> {
  const datasource = { type: 'grafana', uid: '-- Grafana --' };
  return {
    build: () => ({
      builtIn: 1,
      datasource,
      enable: true,
      hide: true,
      iconColor: 'rgba(0, 211, 255, 1)',
      name: 'Annotations & Alerts',
      type: 'dashboard',
    }),
  };
}
