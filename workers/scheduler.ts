/**
 * The scheduler: keeps the queue's schedules equal to the sources table, puts back chunks that the queue lost, asks for
 * housekeeping, the alerts and their deliveries, and measures. Any number may run; the one that holds the advisory lock leads, the others stand by.
 * workers/main.ts starts it in the role `scheduler`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobName, Queues, Schedule } from '../shared/jobs.ts';
import { JOBS } from '../shared/jobs.ts';
import type { Log } from '../shared/log.ts';
import {
  alertDeliveries,
  alertLagSeconds,
  alertsOpen,
  deadPosts,
  queueJobs,
  schedulerLeads,
  sourceLagSeconds,
  sourcesFailing,
  waitingChunks as waitingGauge,
} from '../shared/metrics.ts';
import { alertHealth } from '../shared/store/alertHealth.ts';
import { countWaiting, waitingChunks } from '../shared/store/chunks.ts';
import { type Db, withAdvisoryLock } from '../shared/store/db.ts';
import { dueDeliveries } from '../shared/store/deliveries.ts';
import { sourceHealth } from '../shared/store/health.ts';
import { openRescore } from '../shared/store/rescores.ts';
import { scopesToFill } from '../shared/store/scopes.ts';
import { polledSources, saveNextRuns } from '../shared/store/sources.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Chunks put back in one sweep, and deliveries put in: more would only make the queue long. */
const SWEEP_LIMIT = 1_000;

export interface SchedulerDeps {
  db: Db;
  queues: Queues;
  log: Log;
  sweepMs: number;
}

/** Leads whenever the lock is free, until `signal` is aborted. An outage ends the lead, not the process. */
export async function runScheduler(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  schedulerLeads.set(0);
  while (!signal.aborted) {
    try {
      await withAdvisoryLock(deps.db, 'sada.scheduler', (lost) => lead(deps, AbortSignal.any([signal, lost])));
    } catch (err) {
      if (!signal.aborted) deps.log.warn({ err }, 'scheduler lost its lead');
    }
    schedulerLeads.set(0);
    await pause(Math.min(deps.sweepMs, 5_000), signal);
  }
}

async function lead(deps: SchedulerDeps, signal: AbortSignal): Promise<void> {
  schedulerLeads.set(1);
  deps.log.info({}, 'scheduler leads');
  while (!signal.aborted) {
    await tick(deps);
    await pause(deps.sweepMs, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** One round of what the leader does. Exported for tests. */
export async function tick({ db, queues, log, sweepMs }: SchedulerDeps): Promise<void> {
  const sources = await polledSources(db);
  const wanted = sources.map((source) => sourceSchedule(source.id, source.everyMinutes));
  const changed = await queues.schedule('collect', wanted);
  if (changed.added > 0 || changed.removed > 0) log.info({ ...changed }, 'source schedules changed');
  await queues.schedule('maintain', MAINTENANCE);
  await queues.schedule('watch', WATCH);
  const now = Date.now();
  await saveNextRuns(
    db,
    wanted.map(({ data, everyMs, offsetMs }) => ({
      sourceId: data.source_id,
      at: new Date(nextRun(now, everyMs, offsetMs)),
    })),
  );
  const lost = await waitingChunks(db, sweepMs, SWEEP_LIMIT);
  await queues.addChunks(lost);
  const rescore = await openRescore(db);
  if (rescore !== undefined) await queues.add('rescore', { rescore_id: rescore }, `rescore-${rescore}`);
  await enqueueAlerts({ db, queues, now: new Date(now) });
  await measure(db, queues);
}

const MAINTENANCE: Schedule<'maintain'>[] = [
  { id: 'partitions', everyMs: 6 * HOUR_MS, offsetMs: 0, data: { task: 'partitions' } },
  { id: 'retention', everyMs: 24 * HOUR_MS, offsetMs: 2 * HOUR_MS, data: { task: 'retention' } },
  { id: 'reconcile', everyMs: 24 * HOUR_MS, offsetMs: 3 * HOUR_MS, data: { task: 'reconcile' } },
  { id: 'prune', everyMs: HOUR_MS, offsetMs: HOUR_MS / 2, data: { task: 'prune' } },
];

/** The alerts' own: what closes at a minute is looked at some seconds later. */
const WATCH: Schedule<'watch'>[] = [{ id: 'watch', everyMs: MINUTE_MS, offsetMs: 10_000, data: {} }];

/** Puts what waits into the queue: deliveries whose time has come, and scopes whose history is to be counted. */
async function enqueueAlerts({ db, queues, now }: { db: Db; queues: Queues; now: Date }): Promise<void> {
  for (const id of await dueDeliveries(db, SWEEP_LIMIT, now))
    await queues.add('deliver', { delivery_id: id }, `deliver-${id}`);
  for (const id of await scopesToFill(db)) await queues.add('fill_scope', { scope_id: id }, `fill-${id}`);
}

/** Each source has its own minute and second, the same at every start. The id changes when the interval does. */
export function sourceSchedule(sourceId: number, everyMinutes: number): Schedule<'collect'> {
  const everyMs = everyMinutes * 60_000;
  const offsetMs = Math.floor(((Math.imul(sourceId, 0x9e3779b1) >>> 0) / 2 ** 32) * everyMs);
  return { id: `source-${sourceId}-${everyMinutes}`, everyMs, offsetMs, data: { source_id: sourceId } };
}

/** The first instant after `now` that is `offsetMs` into an interval counted from the epoch. */
export function nextRun(now: number, everyMs: number, offsetMs: number): number {
  const start = now - (now % everyMs) + offsetMs;
  return start > now ? start : start + everyMs;
}

async function measure(db: Db, queues: Queues): Promise<void> {
  for (const name of Object.keys(JOBS) as JobName[]) {
    for (const [state, n] of Object.entries(await queues.counts(name))) queueJobs.set({ queue: name, state }, n);
  }
  waitingGauge.set(await countWaiting(db));
  const health = await sourceHealth(db);
  sourcesFailing.set(health.failing);
  sourceLagSeconds.set(health.lagSeconds);
  deadPosts.set(health.dead);
  const alerts = await alertHealth(db);
  for (const { severity, n } of alerts.open) alertsOpen.set({ severity }, n);
  for (const { state, n } of alerts.deliveries) alertDeliveries.set({ status: state }, n);
  alertLagSeconds.set(alerts.lagSeconds);
}
