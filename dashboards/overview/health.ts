import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { latencyP99 } from '../latency.js';
import type { Section } from '../layout.js';
import { lostShare } from '../losses.js';
import { GOOD_OR_FAILED } from '../mappings.js';
import { stat } from '../panels.js';
import { differentTables, max, min, orZero, perSecond, selected, sum } from '../queries.js';

/** Is it well? Eight answers that are green when it is. */
export function health(): Section {
  return {
    title: 'Is it well?',
    lines: [
      [
        instancesDown(),
        interfacesDown(),
        violations(),
        lost(),
        lastReload(),
        ruleTables(),
        busiestThread(),
        latency(),
      ],
    ],
  };
}

function instancesDown(): Panel {
  return stat({
    title: 'Instances down',
    description:
      'Instances that Prometheus could not scrape. If not 0: see the table of instances below for which; on that machine look whether the process runs (systemctl status, docker ps), at its last log lines, and whether its port answers.',
    unit: 'none',
    width: 3,
    queries: [{ expression: `count(${selected('up')}) - ${sum(selected('up'))}`, legend: 'down' }],
    thresholds: [
      ['green', null],
      ['red', 1],
    ],
  });
}

function interfacesDown(): Panel {
  return stat({
    title: 'Interfaces down',
    description:
      'Interfaces that are gone, set down or without carrier; 0 for capture files and demo traffic, which have none. If not 0: see the table of interfaces below for which, then ip link on that machine, cable and switch port. UPE goes on by itself when the interface is back.',
    unit: 'none',
    width: 3,
    queries: [{ expression: orZero(sum(`1 - ${selected('upe_interface_up')}`)), legend: 'down' }],
    thresholds: [
      ['green', null],
      ['red', 1],
    ],
  });
}

function violations(): Panel {
  return stat({
    title: 'Accounting violations',
    description:
      'Passes of the statistics in which received packets were not the sum of all outcomes, since the processes started. Anything but 0 is a defect of UPE: keep the log, which has both sides of the equation, and report it. Do not trust the counters of that instance.',
    unit: 'none',
    width: 3,
    queries: [{ expression: sum(selected('upe_accounting_violations_total')), legend: 'violations' }],
    thresholds: [
      ['green', null],
      ['red', 1],
    ],
  });
}

function lost(): Panel {
  return stat({
    title: 'Packets lost',
    description:
      'The part of the packets on their way in that no worker saw, in the time range shown: lost at the network card, in the kernel or in UPE. Frames dropped at the interface are not in it: UPE may have read them. If not 0: the section on losses says where and why.',
    unit: 'percentunit',
    decimals: 3,
    width: 3,
    queries: [{ expression: lostShare(), legend: 'lost' }],
    thresholds: [
      ['green', null],
      ['orange', 0.000001],
      ['red', 0.001],
    ],
  });
}

function lastReload(): Panel {
  return stat({
    title: 'Last rule reload',
    description:
      'Whether the last attempt to load the rules succeeded on every selected instance. If it failed, the old rules go on: the log says file, line and reason; upe check --rules FILE says the same before a reload.',
    unit: 'none',
    width: 3,
    queries: [{ expression: min(selected('upe_config_last_reload_successful')), legend: 'reload' }],
    mappings: GOOD_OR_FAILED,
  });
}

function ruleTables(): Panel {
  return stat({
    title: 'Rule tables',
    description:
      'How many different rule files the selected instances use. More than one where all should be the same: a rollout is under way or has stopped half-way; the dashboard on rules lists the checksum of each instance.',
    unit: 'none',
    width: 3,
    queries: [{ expression: differentTables(), legend: 'different tables' }],
    thresholds: [
      ['green', null],
      ['orange', 2],
    ],
  });
}

function busiestThread(): Panel {
  return stat({
    title: 'Busiest thread',
    description:
      'The busy part of the time of the busiest rx thread or worker. Near 100 % it is the bottleneck and rings fill: the dashboard on the pipeline says which thread. A worker: start more of them (UPE_WORKERS). rx: spread the traffic over more instances.',
    unit: 'percentunit',
    decimals: 0,
    width: 3,
    queries: [
      { expression: max(perSecond('upe_thread_busy_seconds_total', 'thread!="stats"')), legend: 'busy' },
    ],
    thresholds: [
      ['green', null],
      ['orange', 0.7],
      ['red', 0.9],
    ],
  });
}

function latency(): Panel {
  return latencyP99(
    'Milliseconds on an idle machine are waking up; more under load are packets that queue: look at busy threads and ring occupancy on the dashboard on the pipeline.',
  );
}
