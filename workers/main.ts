/**
 * Entry point of the roles `worker` and `scheduler`: build, start, close. infra/cli.ts starts it as a process of its own:
 * `node --import tsx workers/main.ts worker`. Reads the environment; DATABASE_URL and SADA_SECRET must be set.
 */
import { createServer, type Server } from 'node:http';
import closeWithGrace from 'close-with-grace';
import { loadConfig, queueTarget } from '../shared/config.ts';
import { expectShortLives } from '../shared/heap.ts';
import { openQueues, redisAdvice } from '../shared/jobs.ts';
import { createLog } from '../shared/log.ts';
import { registry, setBuildVersion, startDefaultMetrics } from '../shared/metrics.ts';
import { announce, checkZones, closeWithParent, databaseOrExit, tellReady } from '../shared/process.ts';
import { createPseudonym } from '../shared/pseudonym.ts';
import { createSeal } from '../shared/seal.ts';
import { openDb } from '../shared/store/db.ts';
import type { JobDeps } from './jobs.ts';
import { startWorker } from './worker.ts';

const role = process.argv[2] === 'scheduler' ? 'scheduler' : 'worker';
if (role === 'worker') expectShortLives();
const config = loadConfig(process.env);
const log = createLog(role, config.logLevel);
if (!config.databaseUrl || !config.secret)
  throw new Error('DATABASE_URL and SADA_SECRET are needed: start this role by `sada`');
startDefaultMetrics();
setBuildVersion();

// Each role loads its own code only, and does so while it waits for the database: most of a start is loading.
const schedulerCode = role === 'scheduler' ? import('./scheduler.ts') : undefined;
const workerCode =
  role === 'worker'
    ? Promise.all([
        import('./taxonomy.ts'),
        import('./collect.ts'),
        import('./fetch/fetcher.ts'),
        import('./jobs.ts'),
        import('./sources/all.ts'),
        import('./rescore.ts'),
        import('./alerts/work.ts'),
      ])
    : undefined;

const db = openDb(config.databaseUrl, {
  max: role === 'worker' ? 16 : 4,
  onError: (err) => log.warn({ err }, 'database connection lost'),
});
await databaseOrExit(db, log);
await checkZones(db, config.zone, log);
const target = queueTarget(config, config.databaseUrl);
const queues = await openQueues(target, (err) => log.warn({ err }, 'queue error'));
if (role === 'scheduler') {
  for (const advice of await redisAdvice(target)) log.warn({ advice }, 'Redis is not set up for a queue');
}
const stop = new AbortController();
const gone = announce(db, role);
const metrics = config.metricsPort === undefined ? undefined : serveMetrics(config.metricsPort, config.host);
const closers: (() => Promise<unknown>)[] = [];

if (schedulerCode) {
  const { runScheduler } = await schedulerCode;
  const running = runScheduler({ db, queues, log, sweepMs: config.sweepMs }, stop.signal);
  closers.push(() => running);
}
if (workerCode) {
  const [
    { watchTaxonomy },
    { collect },
    { createFetcher },
    { ingestChunk, maintain },
    { connectors },
    rescore,
    alerts,
  ] = await workerCode;
  const fetcher = createFetcher({
    userAgent: `Sada/0.1 (+${config.contact})`,
    allowPrivate: config.fetchAllowPrivate,
    spacingMs: config.fetchSpacingMs,
  });
  const { latest } = await watchTaxonomy(db, { log });
  const deps: JobDeps = {
    db,
    log,
    queues,
    zone: config.zone,
    ...(await latest()),
    latest,
    pseudonym: createPseudonym(config.secret),
    keepNames: config.keepNames,
    retentionDays: config.retentionDays,
  };
  const outside = alerts.createOutside({
    userAgent: `Sada/0.1 (+${config.contact})`,
    allowPrivate: config.allowPrivateWebhooks,
    smtpUrl: config.smtpUrl,
  });
  const address = config.publicUrl ?? null;
  const deliverDeps = {
    db,
    log,
    outside,
    address,
    seal: createSeal(config.secret),
    environment: (name: string) => process.env[name],
  };
  const settings = { target, lockMs: config.queueLockMs, log };
  const workers = await Promise.all([
    startWorker(settings, 'collect', 4, ({ source_id }, signal) =>
      collect({ ...deps, fetch: fetcher, connectors }, source_id, signal),
    ),
    startWorker(settings, 'ingest', 2, (chunk) => ingestChunk(deps, chunk)),
    startWorker(settings, 'maintain', 1, (task) => maintain(deps, task)),
    startWorker(settings, 'rescore', 1, (run, signal) => rescore.rescoreJob(deps, run, signal)),
    startWorker(settings, 'watch', 1, async (_data, signal) => {
      const { model } = (await latest()).analyser;
      await alerts.watch({ db, log, queues, zone: config.zone, address, model, now: new Date() }, signal);
    }),
    startWorker(settings, 'fill_scope', 1, ({ scope_id }, signal) => alerts.fillScope({ db, log }, scope_id, signal)),
    startWorker(settings, 'deliver', 4, ({ delivery_id }) => alerts.deliver(deliverDeps, delivery_id)),
  ]);
  const starting = rescore.startRescore(deps).catch((err) => log.warn({ err }, 'old posts could not be looked for'));
  closers.push(() => starting);
  closers.push(() => Promise.all(workers.map((worker) => worker.close()))); // running jobs finish before their database goes
  closers.push(() => fetcher.close());
  closers.push(() => outside.close());
}
tellReady({ role });
log.info({ queue: target.driver }, 'ready');

const grace = closeWithGrace({ delay: 25_000, logger: false }, async ({ err, signal }) => {
  if (err) log.fatal({ err }, 'process fails');
  else log.info({ signal }, 'stopping');
  stop.abort();
  for (const close of closers) await close();
  await gone();
  metrics?.close();
  await queues.close();
  await db.end();
});

closeWithParent(grace.close);

/** /healthz and /metrics for probes; nothing else is served here. */
function serveMetrics(port: number, host: string): Server {
  return createServer((request, response) => {
    if (request.url === '/healthz') response.end('ok\n');
    else if (request.url === '/metrics') {
      void registry.metrics().then((text) => response.setHeader('content-type', registry.contentType).end(text));
    } else response.writeHead(404).end();
  }).listen(port, host);
}
