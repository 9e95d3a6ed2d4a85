/**
 * What a command of the CLI works with: a migrated database, the queue, the analyser. A running Sada is used as it is;
 * otherwise the embedded Postgres is started for the length of the command. infra/cli.ts hands it to infra/commands/*.
 */

import { type Config, queueTarget } from '../shared/config.ts';
import { openQueues, type Queues } from '../shared/jobs.ts';
import { createLog, type Log } from '../shared/log.ts';
import { createPseudonym } from '../shared/pseudonym.ts';
import { type Db, openDb } from '../shared/store/db.ts';
import type { IngestDeps } from '../workers/ingest.ts';
import { ingestChunk } from '../workers/jobs.ts';
import { watchTaxonomy } from '../workers/taxonomy.ts';
import { obtainSecret, postgresDir } from './installation.ts';
import { findPostgres, startPostgres } from './postgres/launcher.ts';
import { ensureMigrated } from './prepare.ts';

export interface Context {
  db: Db;
  databaseUrl: string;
  zone: string;
  log: Log;
  queues: Queues;
  ingestDeps: IngestDeps;
  /** Ingests a chunk of an import here, in this process. */
  work(chunkId: number): Promise<void>;
  close(): Promise<void>;
}

export type OpenContext = () => Promise<Context>;

/** Opens what a command needs. Migrations run first; a newer database stops it. */
export async function openContext(config: Config): Promise<Context> {
  const secret = await obtainSecret(config);
  const { url, stop } = await obtainDatabase(config);
  const log = createLog('cli', config.logLevel);
  const db = openDb(url, { max: 8, onError: (err) => log.debug({ err }, 'database connection lost') });
  try {
    const target = queueTarget(config, url);
    await ensureMigrated(db, { zone: config.zone, secret, queueHere: target.driver === 'postgres' });
    const queues = await openQueues(target, (err) => log.debug({ err }, 'queue error'));
    const { latest } = await watchTaxonomy(db, { log });
    const ingestDeps: IngestDeps = {
      ...(await latest()),
      latest,
      db,
      zone: config.zone,
      pseudonym: createPseudonym(secret),
      keepNames: config.keepNames,
    };
    const jobDeps = { ...ingestDeps, log, queues, retentionDays: config.retentionDays };
    return {
      db,
      databaseUrl: url,
      zone: config.zone,
      log,
      queues,
      ingestDeps,
      work: (id) => ingestChunk(jobDeps, { from: 'import', id }),
      async close() {
        await queues.close();
        await db.end();
        await stop();
      },
    };
  } catch (error) {
    await db.end();
    await stop();
    throw error;
  }
}

async function obtainDatabase(config: Config): Promise<{ url: string; stop: () => Promise<void> }> {
  const nothing = async () => undefined;
  if (config.databaseUrl) return { url: config.databaseUrl, stop: nothing };
  const running = await findPostgres(postgresDir(config));
  if (running) return { url: running, stop: nothing };
  const started = await startPostgres({
    dataDir: postgresDir(config),
    ...(config.pgPort ? { port: config.pgPort } : {}),
  });
  return { url: started.url, stop: () => started.stop() };
}
