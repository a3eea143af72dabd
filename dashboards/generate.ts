/** Writes the dashboards' JSON beside their source. */
import { writeFileSync } from 'node:fs';
import { allDashboards, fileOf, textOf } from './all-dashboards.js';

for (const dashboard of allDashboards()) writeFileSync(fileOf(dashboard), textOf(dashboard));
