/**
 * The metrics of every role, in Prometheus' words: base units, `_total` for counters, labels from closed sets, never an
 * id. Served at /metrics; infra/prometheus and infra/grafana use these names and a test compares them.
 */
import { readFileSync } from 'node:fs';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export const registry = new Registry();

/** Node's own figures, prefixed. Call once a process. */
export function startDefaultMetrics(): void {
  collectDefaultMetrics({ register: registry, prefix: 'sada_' });
}

const registers = [registry];

export const ingestEvents = new Counter({
  name: 'sada_ingest_events_total',
  help: 'Events handed over by sources, by kind of source and what became of them',
  labelNames: ['source', 'outcome'] as const,
  registers,
});

export const ingestSeconds = new Histogram({
  name: 'sada_ingest_batch_seconds',
  help: 'Time to analyse and store one batch',
  labelNames: ['step'] as const,
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

export const collectRuns = new Counter({
  name: 'sada_collect_runs_total',
  help: 'Runs of sources, by kind and outcome',
  labelNames: ['source', 'outcome'] as const,
  registers,
});

export const jobSeconds = new Histogram({
  name: 'sada_job_duration_seconds',
  help: 'Time of one job',
  labelNames: ['queue', 'outcome'] as const,
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
  registers,
});

export const queueJobs = new Gauge({
  name: 'sada_queue_jobs',
  help: 'Jobs of a queue by state; read by the leading scheduler',
  labelNames: ['queue', 'state'] as const,
  registers,
});

export const waitingChunks = new Gauge({
  name: 'sada_waiting_chunks',
  help: 'Chunks of imports and pushes that wait in Postgres; read by the leading scheduler',
  registers,
});

export const sourcesFailing = new Gauge({
  name: 'sada_sources_failing',
  help: 'Active sources whose last run failed; read by the leading scheduler',
  registers,
});

export const sourceLagSeconds = new Gauge({
  name: 'sada_source_lag_seconds',
  help: 'Age of the oldest last success among active sources; read by the leading scheduler',
  registers,
});

export const schedulerLeads = new Gauge({
  name: 'sada_scheduler_leads',
  help: '1 in the scheduler that leads, 0 in those that stand by',
  registers,
});

export const reconcileRepairs = new Counter({
  name: 'sada_reconcile_repaired_cells_total',
  help: 'Rollup cells that the nightly recount had to repair: anything above 0 is a defect to report',
  registers,
});

export const deadPosts = new Gauge({
  name: 'sada_dead_posts',
  help: 'Posts in quarantine; read by the leading scheduler',
  registers,
});

export const evaluationSeconds = new Histogram({
  name: 'sada_alert_evaluation_seconds',
  help: 'Time to bring one alert rule up to date with its scope',
  labelNames: ['outcome'] as const,
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30],
  registers,
});

export const alertsOpened = new Counter({
  name: 'sada_alerts_opened_total',
  help: 'Alerts opened, by what went off, severity, and whether anybody is told (live), or not (shadow, sample)',
  labelNames: ['signal', 'severity', 'mode'] as const,
  registers,
});

export const alertsOpen = new Gauge({
  name: 'sada_alerts_open',
  help: 'Alerts that are not resolved, by severity, without shadow and sample ones; read by the leading scheduler',
  labelNames: ['severity'] as const,
  registers,
});

export const alertLagSeconds = new Gauge({
  name: 'sada_alert_lag_seconds',
  help: 'Age of the oldest closed hour that a rule has not decided on yet; read by the leading scheduler',
  registers,
});

export const alertDeliveries = new Gauge({
  name: 'sada_alert_deliveries',
  help: 'Alert messages in the outbox by status; dead ones need a person; read by the leading scheduler',
  labelNames: ['status'] as const,
  registers,
});

export const zoneMismatch = new Gauge({
  name: 'sada_zone_mismatch_minutes',
  help: 'Largest difference between our zone table and the zone data of Node or Postgres, for the reporting zone',
  labelNames: ['of'] as const,
  registers,
});

export const httpSeconds = new Histogram({
  name: 'sada_http_request_seconds',
  help: 'Time to answer a request',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  registers,
});

export const sseClients = new Gauge({
  name: 'sada_sse_clients',
  help: 'Open event streams',
  registers,
});

export const buildInfo = new Gauge({
  name: 'sada_build_info',
  help: 'Always 1; the version is in the label',
  labelNames: ['version'] as const,
  registers,
});

/** Puts the program's version, from package.json, into `sada_build_info`. Returns it. */
export function setBuildVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  buildInfo.set({ version }, 1);
  return version;
}
