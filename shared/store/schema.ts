/**
 * The schema that this program is written for. infra/migrate.ts notes it in the database when all is in place; every role
 * waits for it, and stops when the database is already beyond it.
 */
import { many, one, type Queryable } from './db.ts';
import { readSetting } from './settings.ts';

/** Name of the last migration in infra/migrations; a test holds the two together. */
export const SCHEMA = '0004_alerts';

/** `ready`: migrated and seeded for this program. `older`: a migration is due. `newer`: a later Sada wrote it. */
export type SchemaState = 'ready' | 'older' | 'newer';

/** Where the database stands. */
export async function schemaState(db: Queryable): Promise<SchemaState> {
  const exists = await one(db, `select 1 from pg_class where oid = to_regclass('settings')`);
  const stored = exists ? await readSetting(db, 'schema') : undefined;
  if (typeof stored !== 'string') return 'older';
  if (stored === SCHEMA) return 'ready';
  return stored > SCHEMA ? 'newer' : 'older';
}

/** Names of the migrations that were applied, in order. */
export async function appliedMigrations(db: Queryable): Promise<string[]> {
  const exists = await one(db, `select 1 from pg_class where oid = to_regclass('pgmigrations')`);
  if (!exists) return [];
  return (await many<{ name: string }>(db, 'select name from pgmigrations order by id')).map((row) => row.name);
}
