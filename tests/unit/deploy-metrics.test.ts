/**
 * Alerts, dashboard and autoscaler against the metrics that the code registers: names, types and labels. PromQL itself
 * is not parsed here: that is `promtool check rules` and `promtool test rules` in infra/prometheus.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JOBS } from '../../shared/jobs.ts';
import { registry, startDefaultMetrics } from '../../shared/metrics.ts';
import { METRICS_PORT, parseYaml, plant, read } from './deploy-files.ts';

const Alerts = z.object({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.strictObject({ summary: z.string().min(10), description: z.string().min(80) }),
        }),
      ),
    }),
  ),
});
const Targets = z.array(z.looseObject({ expr: z.string(), refId: z.string() }));
const Position = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const Panel = z.looseObject({
  id: z.number(),
  title: z.string(),
  type: z.string(),
  gridPos: Position,
  targets: Targets.default([]),
});
const Dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number(),
  panels: z.array(Panel),
});
const Scrape = z.looseObject({
  job_name: z.string(),
  metrics_path: z.string(),
  authorization: z.looseObject({ credentials_file: z.string() }).optional(),
  dns_sd_configs: z.array(z.looseObject({ names: z.array(z.string()), port: z.number() })),
});
const Prometheus = z.looseObject({ rule_files: z.array(z.string()), scrape_configs: z.array(Scrape) });

const alertsText = read('infra/prometheus/alerts.yml');
const prometheus = Prometheus.parse(parseYaml(read('infra/prometheus/prometheus.yml'))[0]);
const jobs = prometheus.scrape_configs.map((scrape) => scrape.job_name);
const dashboard = Dashboard.parse(JSON.parse(read('infra/grafana/sada.json')));
const STATES = ['waiting', 'active', 'delayed', 'failed', 'completed'];

/** Every series that can be asked for, with its type and its labels as Prometheus stores them. */
const series = new Map<string, { type: 'counter' | 'gauge' | 'bucket' | 'other'; labels: string[] }>();

beforeAll(async () => {
  startDefaultMetrics();
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames } = z.looseObject({ labelNames: z.array(z.string()) }).parse(registry.getSingleMetric(name));
    // `job` and `instance` are the target's: a metric's own label of that name is stored as exported_….
    const labels = labelNames.map((label) => (label === 'job' || label === 'instance' ? `exported_${label}` : label));
    const kind = String(type);
    if (kind === 'histogram') {
      series.set(`${name}_bucket`, { type: 'bucket', labels: [...labels, 'le'] });
      for (const part of ['sum', 'count']) series.set(`${name}_${part}`, { type: 'counter', labels });
    } else series.set(name, { type: kind === 'counter' || kind === 'gauge' ? kind : 'other', labels });
  }
});

function expressionProblems(expr: string): string[] {
  const bare = expr.replace(/"[^"]*"/g, '""');
  const names = [...new Set(bare.match(/\bsada_\w+/g) ?? [])];
  const unknown = names.filter((name) => !series.has(name)).map((name) => `${name}: no such metric`);
  const known = new Set(['job', 'instance', ...names.flatMap((name) => series.get(name)?.labels ?? [])]);
  const grouped = [...bare.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap((match) =>
    (match[1] ?? '').split(/\s*,\s*/),
  );
  return [
    ...unknown,
    ...grouped.filter((label) => !known.has(label)).map((label) => `${label}: no such label`),
    ...functionProblems(bare),
    ...[...expr.matchAll(/(\w+)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) =>
      matcherProblems(name, matchers),
    ),
  ];
}

/** rate and increase are for what only grows, delta for what does not. */
function functionProblems(expr: string): string[] {
  return [...expr.matchAll(/\b(rate|increase|delta|deriv)\((\w+)/g)].flatMap(([, call = '', name = '']) => {
    const type = series.get(name)?.type;
    const fits = call === 'rate' || call === 'increase' ? type === 'counter' || type === 'bucket' : type === 'gauge';
    return fits ? [] : [`${call} of the ${type} ${name}`];
  });
}

function matcherProblems(name: string, matchers: string): string[] {
  const labels = ['job', 'instance', ...(series.get(name)?.labels ?? [])];
  const closed: Record<string, string[]> = { job: jobs, queue: Object.keys(JOBS), state: STATES };
  return [...matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].flatMap(([, label = '', , value = '']) => {
    if (!labels.includes(label)) return [`${label}: no such label of ${name}`];
    const values = closed[label];
    const alternatives = /^[\w|-]+$/.test(value) ? value.split('|') : [value];
    const strange = values
      ? alternatives.filter((one) => !values.some((known) => new RegExp(`^(?:${one})$`).test(known)))
      : [];
    return strange.map((one) => `${label}="${one}": never`);
  });
}

function alertProblems(source: string): string[] {
  const parsed = Alerts.safeParse(parseYaml(source)[0]);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const rules = parsed.data.groups.flatMap((group) => group.rules);
  const twice = rules.filter((rule, index) => rules.findIndex(({ alert }) => alert === rule.alert) !== index);
  return [
    ...twice.map(({ alert }) => `${alert}: twice`),
    ...rules
      .filter((rule) => !/\bDo: \w/.test(rule.annotations.description))
      .map(({ alert }) => `${alert}: says not what to do`),
    ...rules.flatMap(({ alert, expr }) => expressionProblems(expr).map((problem) => `${alert}: ${problem}`)),
  ];
}

test('the alerts use metrics, labels and values that exist', () => {
  expect(alertProblems(alertsText)).toEqual([]);
});

test.each([
  'sada_source_lag_seconds',
  'sada_sources_failing',
  'sada_waiting_chunks',
  'sada_dead_posts',
  'sada_reconcile_repaired_cells_total',
  'sada_scheduler_leads',
  'sada_zone_mismatch_minutes',
  'status=~"5.."',
  'histogram_quantile(0.99',
  'up{',
])('an alert watches %s', (part) => {
  expect(alertsText).toContain(part);
});

describe('a fault in the alerts is found', () => {
  test.each([
    ['sada_waiting_chunks[30m]', 'sada_waiting_chunk[30m]', 'sada_waiting_chunk: no such metric'],
    ['sada_http_request_seconds_bucket', 'sada_http_request_seconds', 'sada_http_request_seconds: no such metric'],
    ['delta(sada_dead_posts', 'increase(sada_dead_posts', 'increase of the gauge'],
    ['by (of)', 'by (where)', 'where: no such label'],
    ['{status=~', '{code=~', 'code: no such label'],
    ['absent(up{job="sada-api"})', 'absent(up{job="sada-web"})', 'job="sada-web": never'],
    ['labels: { severity: critical }', 'labels: { severity: urgent }', 'severity'],
    ['summary: No scheduler leads', 'title: No scheduler leads', 'summary'],
    ['Do: ', 'Then ', 'SadaNoLeader: says not what to do'],
    ['alert: SadaApiSlow', 'alert: SadaApiErrors', 'SadaApiErrors: twice'],
  ])('%s → %s', (from, to, problem) => {
    expect(alertProblems(plant(alertsText, from, to)).join('\n')).toContain(problem);
  });
});

test('the dashboard uses metrics, labels and values that exist', () => {
  const targets = dashboard.panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ panel: panel.title, expr })));
  expect(
    targets.flatMap(({ panel, expr }) => expressionProblems(expr).map((problem) => `${panel}: ${problem}`)),
  ).toEqual([]);
  const shown = targets.map(({ expr }) => expr).join('\n');
  const own = [...series.keys()]
    .filter((name) => !/^sada_(process|nodejs)_/.test(name))
    .map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  expect([...new Set(own)].filter((name) => !shown.includes(name))).toEqual([]);
});

test('the panels of the dashboard have their own ids and places', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
  const overlaps = panels.flatMap(({ gridPos: a, title }, index) =>
    panels
      .slice(index + 1)
      .filter(({ gridPos: b }) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
      .map((other) => `${title} lies over ${other.title}`),
  );
  expect(overlaps).toEqual([]);
  expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24).map(({ title }) => title)).toEqual([]);
  expect(
    panels.filter((panel) => panel.type !== 'row' && panel.targets.length === 0).map(({ title }) => title),
  ).toEqual([]);
});

test('the autoscaler of the workers asks for metrics that exist', () => {
  const Scaled = z.looseObject({
    spec: z.looseObject({ triggers: z.array(z.looseObject({ metadata: z.looseObject({ query: z.string() }) })) }),
  });
  const [scaled] = parseYaml(read('infra/k8s/worker.yaml')).flatMap(
    (document) => Scaled.safeParse(document).data ?? [],
  );
  const queries = scaled?.spec.triggers.map((trigger) => trigger.metadata.query) ?? [];
  expect(queries).toHaveLength(2);
  expect(queries.flatMap(expressionProblems)).toEqual([]);
});

test('Prometheus reads every role where compose runs it', () => {
  const { services } = z
    .looseObject({ services: z.record(z.string(), z.looseObject({})) })
    .parse(parseYaml(read('docker-compose.yml'))[0]);
  const found = prometheus.scrape_configs.map(({ job_name, metrics_path, authorization, dns_sd_configs }) => [
    job_name,
    metrics_path,
    dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name in services ? name : '?'}:${port}`)).join(),
    authorization ? 'with a key' : 'open',
  ]);
  expect(found).toEqual([
    ['sada-api', '/metrics', 'api:4040', 'with a key'],
    ['sada-worker', '/metrics', `worker:${METRICS_PORT}`, 'open'],
    ['sada-scheduler', '/metrics', `scheduler:${METRICS_PORT}`, 'open'],
  ]);
  expect(prometheus.rule_files).toEqual(['alerts.yml']);
});
