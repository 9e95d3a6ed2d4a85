/**
 * Entry point of the role `api`: build, listen, close. infra/cli.ts starts it as a process of its own:
 * `node --import tsx api/main.ts`. Reads the environment; DATABASE_URL and SADA_SECRET must be set.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { loadConfig, queueTarget } from '../shared/config.ts';
import type { Queues } from '../shared/jobs.ts';
import { createLog } from '../shared/log.ts';
import { setBuildVersion, startDefaultMetrics } from '../shared/metrics.ts';
import { announce, checkZones, closeWithParent, databaseOrExit, endForGood, tellReady } from '../shared/process.ts';
import { openDb } from '../shared/store/db.ts';
import { readSetting } from '../shared/store/settings.ts';
import { createApp } from './app.ts';

/** A question that takes longer is cancelled and answered 503. */
const STATEMENT_TIMEOUT_MS = 20_000;
const QUEUE_RETRY_MS = 5_000;

const config = loadConfig(process.env);
const log = createLog('api', config.logLevel);
if (!config.databaseUrl || !config.secret)
  throw new Error('DATABASE_URL and SADA_SECRET are needed: start this role by `sada`');
startDefaultMetrics();
const version = setBuildVersion();

const stopping = new AbortController();
const db = openDb(config.databaseUrl, {
  max: 10,
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  onError: (err) => log.warn({ err }, 'database connection lost'),
});
await databaseOrExit(db, log); // before the queue: one on Postgres that is opened during an outage stays dead
const zone = String((await readSetting(db, 'reporting_zone')) ?? config.zone);
await checkZones(db, zone, log);

let queues: Queues | undefined;
const { app, stop } = createApp({ db, log, config, zone, secret: config.secret, version, queues: () => queues });
const server = createServer(app);
server.requestTimeout = 60_000;
server.keepAliveTimeout = 65_000; // longer than proxies keep theirs, or they meet a closed connection
const listening = once(server, 'listening');
server.listen(config.port, config.host);
await listening.catch(async (error: NodeJS.ErrnoException) => {
  const at = `${config.host}:${config.port}`;
  const reason =
    error.code === 'EADDRINUSE'
      ? `${at} is taken: set SADA_PORT to another port, or stop the program that uses it`
      : `it cannot listen on ${at} (${error.code}): check SADA_HOST and SADA_PORT`;
  log.fatal({ host: config.host, port: config.port, code: error.code }, 'cannot listen');
  await db.end();
  await endForGood(reason);
});
const { address, port } = server.address() as AddressInfo;
const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
const gone = announce(db, 'api');
const connecting = connectQueues();
log.info({ url }, 'listening');
tellReady({ role: 'api', url });

const grace = closeWithGrace({ delay: 20_000, logger: false }, async ({ err, signal }) => {
  if (err) log.fatal({ err }, 'process fails');
  else log.info({ signal }, 'stopping');
  stopping.abort();
  stop();
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
  await gone();
  await connecting;
  await queues?.close();
  await db.end();
});

closeWithParent(grace.close);

/** Goes on trying: without the queue the API works, and what is pushed waits in Postgres. Its code is loaded meanwhile. */
async function connectQueues(): Promise<void> {
  const { openQueues } = await import('../shared/jobs.ts');
  const target = queueTarget(config, config.databaseUrl ?? '');
  while (!stopping.signal.aborted && !queues) {
    try {
      queues = await openQueues(target, (err) => log.warn({ err }, 'queue error'));
    } catch (err) {
      log.warn({ err }, 'the queue cannot be reached; trying again');
      await sleep(QUEUE_RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
}
