/**
 * `ensureMigrated`: migrations when they are due, and one look at the database when they are not. Most starts find all in
 * place, and the migrations' code takes longer to load than the question takes to answer.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { secretFingerprint } from '../shared/pseudonym.ts';
import type { Db } from '../shared/store/db.ts';
import { SCHEMA, schemaState } from '../shared/store/schema.ts';
import { readSetting, writeSetting } from '../shared/store/settings.ts';
import { ZONE_DATA_VERSION } from '../shared/zones.ts';
import type { MigrateOptions } from './migrate.ts';

/** Migrates unless this very program, with these very settings, has done so. Returns the names of migrations that ran. */
export async function ensureMigrated(db: Db, options: MigrateOptions): Promise<string[]> {
  const stamp = await stampOf(options);
  if ((await schemaState(db)) === 'ready' && (await readSetting(db, 'prepared')) === stamp) return [];
  const { migrate } = await import('./migrate.ts');
  const ran = await migrate(db, options);
  await writeSetting(db, 'prepared', stamp);
  return ran;
}

/** Changes with everything that a migration puts into the database. */
async function stampOf({ zone, secret, queueHere }: MigrateOptions): Promise<string> {
  const queue = createRequire(import.meta.url).resolve('bullmq/package.json');
  const { version } = JSON.parse(await readFile(queue, 'utf8')) as { version: string };
  const topics = await readFile(new URL('../shared/nlp/packs/topics.json', import.meta.url), 'utf8');
  const parts = [SCHEMA, ZONE_DATA_VERSION, version, topics, zone, secretFingerprint(secret), queueHere];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
