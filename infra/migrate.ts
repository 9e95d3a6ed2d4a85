/**
 * Brings a database to the schema of this program: numbered SQL under an advisory lock, BullMQ's own tables when the queue
 * runs on Postgres, our zone table, the topics of the packs. Safe to run by several processes at once and again.
 * The CLI runs it as `sada migrate` and before `sada all`. An older program on a newer schema stops.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { TOPIC_CODES } from '../shared/contracts/words.ts';
import { MigrationError } from '../shared/errors.ts';
import { migrateQueueTables } from '../shared/jobs.ts';
import topics from '../shared/nlp/packs/topics.json' with { type: 'json' };
import { secretFingerprint } from '../shared/pseudonym.ts';
import { type Db, inTransaction, one, type Tx, withClient } from '../shared/store/db.ts';
import { rebuildDays } from '../shared/store/reconcile.ts';
import { appliedMigrations, SCHEMA } from '../shared/store/schema.ts';
import { readSetting, writeSetting } from '../shared/store/settings.ts';
import { saveTopics } from '../shared/store/topics.ts';
import { saveZoneSpans } from '../shared/store/zones.ts';
import { ZONE_DATA_VERSION, zoneNames, zoneSpans } from '../shared/zones.ts';

const DIR = fileURLToPath(new URL('./migrations', import.meta.url));

export interface MigrateOptions {
  zone: string;
  secret: string;
  /** True when the queue runs on this Postgres. */
  queueHere: boolean;
}

/** Migrates and fills what the program brings with it. Returns the names of the migrations that ran. */
export async function migrate(db: Db, options: MigrateOptions): Promise<string[]> {
  await checkServer(db);
  await checkSchema(db);
  const ran = await withClient(db, (dbClient) =>
    runner({
      dbClient,
      dir: DIR,
      direction: 'up',
      migrationsTable: 'pgmigrations',
      advisoryLockMode: 'wait',
      log: () => undefined,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    }),
  );
  if (options.queueHere) await withClient(db, migrateQueueTables);
  await inTransaction(db, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.seed', 0))`);
    if ((await readSetting(tx, 'zone_data')) !== ZONE_DATA_VERSION) {
      await saveZoneSpans(tx, zoneNames().flatMap(recentSpans));
      await writeSetting(tx, 'zone_data', ZONE_DATA_VERSION);
    }
    await saveTopics(
      tx,
      topics.filter((topic) => (TOPIC_CODES as readonly string[]).includes(topic.code)),
    );
    await checkSecret(tx, options.secret);
    await settleZone(tx, options.zone);
    await writeSetting(tx, 'schema', SCHEMA); // last: the roles wait for it
  });
  return ran.map((migration) => migration.name);
}

/** Spans since 1990; what was before counts as the first of them: no post is older. */
function recentSpans(zone: string) {
  const since = Date.parse('1990-01-01T00:00:00Z');
  const spans = zoneSpans(zone).filter((span) => span.to === null || span.to.getTime() > since);
  return spans.map((span, index) => (index === 0 ? { ...span, from: null } : span));
}

async function checkServer(db: Db): Promise<void> {
  const row = await one<{ version: string }>(db, `select current_setting('server_version_num') as version`);
  if (Number(row?.version) < 140_000) {
    throw new MigrationError(`This Postgres is version ${row?.version}; Sada needs 14 or newer.`);
  }
}

/** Throws when the database has migrations that this program does not know: it was written by a newer one. */
async function checkSchema(db: Db): Promise<void> {
  const known = new Set((await readdir(DIR)).map((file) => file.replace(/\.sql$/, '')));
  const newer = (await appliedMigrations(db)).filter((name) => !known.has(name));
  if (newer.length > 0) {
    throw new MigrationError(
      `The database has migrations that this program does not know (${newer.join(', ')}): a newer Sada wrote it. Start that version, or restore a backup from before it.`,
    );
  }
}

// With another secret the same author would have two pseudonyms, and every count of authors would be false.
async function checkSecret(tx: Tx, secret: string): Promise<void> {
  const mine = secretFingerprint(secret);
  const stored = await readSetting(tx, 'secret_fingerprint');
  if (stored === undefined) await writeSetting(tx, 'secret_fingerprint', mine);
  else if (stored !== mine) {
    throw new MigrationError(
      'SADA_SECRET differs from the one that this database was first used with, so authors would get a second pseudonym. Give every host the same SADA_SECRET (it was saved as "secret" in the first host\'s data folder).',
    );
  }
}

async function settleZone(tx: Tx, zone: string): Promise<void> {
  const stored = await readSetting(tx, 'reporting_zone');
  if (stored === zone) return;
  await writeSetting(tx, 'reporting_zone', zone);
  if (stored !== undefined) await rebuildDays(tx, zone);
}
