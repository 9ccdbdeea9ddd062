/** The dashboard in Grafana's import format, built with Grafana's own types. Pure. */
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { type PanelDefinition, ROWS } from './dashboard-panels.ts';

const SOURCE = { type: 'prometheus', uid: '${datasource}' };
/** Columns of Grafana's grid. */
const GRID_WIDTH = 24;

function queriesOf({ queries, kind }: PanelDefinition): prometheus.DataqueryBuilder[] {
  return queries.map(({ expression, legend }, index) => {
    const query = new prometheus.DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .datasource(SOURCE)
      .expr(expression)
      .legendFormat(legend);
    return kind === 'stat' ? query.instant() : query.range();
  });
}

function thresholds(good: PanelDefinition['good']): dashboard.ThresholdsConfigBuilder {
  const steps: dashboard.Threshold[] = [{ value: null, color: good === undefined ? 'text' : 'green' }];
  if (good?.from !== undefined) steps.splice(0, 1, { value: null, color: 'red' }, { value: good.from, color: 'green' });
  if (good !== undefined) steps.push({ value: good.below, color: 'red' });
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}

function panelOf(definition: PanelDefinition): stat.PanelBuilder | timeseries.PanelBuilder {
  const { kind, title, description, unit, most, good } = definition;
  if (kind === 'stat') {
    return new stat.PanelBuilder()
      .title(title)
      .description(description)
      .datasource(SOURCE)
      .unit(unit)
      .thresholds(thresholds(good))
      .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .targets(queriesOf(definition))
      .height(4)
      .span(GRID_WIDTH / 8);
  }
  const panel = new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit(unit)
    .min(0)
    .targets(queriesOf(definition))
    .height(8)
    .span(GRID_WIDTH / 3);
  return most === undefined ? panel : panel.max(most);
}

function choice(name: string, label: string, values: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(SOURCE)
    .query({ query: values, refId: name })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*');
}

/** Queries for the values of the dashboard's variables. */
const CHOICES = {
  namespace: 'label_values(ballast_service_demand_cores, namespace)',
  service: 'label_values(ballast_service_demand_cores{namespace=~"$namespace"}, service)',
} as const;

export function grafanaDashboard(): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder('Ballast')
    .uid('ballast')
    .description('Load balancing by CPU: nodes, services, and the loop behind their weights')
    .tags(['ballast', 'istio'])
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .withVariable(new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(choice('namespace', 'Namespace', CHOICES.namespace))
    .withVariable(choice('service', 'Service', CHOICES.service));
  let id = 0;
  for (const { title, panels } of ROWS) {
    builder.withRow(new dashboard.RowBuilder(title).id(++id));
    for (const panel of panels) builder.withPanel(panelOf(panel).id(++id));
  }
  return builder.build();
}
