/**
 * `test` with a real database: a copy of the migrated template for each file, emptied before each test.
 * Use: `test('…', async ({ db }) => { … })`.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, test as base, inject } from 'vitest';
import { type Db, openDb, run } from '../../shared/store/db.ts';
import { forgetPartitions } from '../../shared/store/partitions.ts';
import { FIRST_OWN_TOPIC } from '../../shared/store/topics.ts';
import { createDatabase, dropDatabase, TEMPLATE } from './databases.ts';

export { expect } from 'vitest';

/** Seeded by the migration and never changed by a test. */
const KEEP = ['pgmigrations', 'zone_offsets', 'topics', 'settings', 'data_version'];

interface Fixtures {
  /** The database's url, for whole processes under test. */
  url: string;
  db: Db;
  /** The reporting zone of the copy. */
  zone: string;
}

let made: { url: string; db: Db; name: string } | undefined;

afterAll(async () => {
  if (!made) return;
  await made.db.end();
  await dropDatabase(inject('serverUrl'), made.name);
});

async function open(): Promise<{ url: string; db: Db }> {
  if (made) return made;
  const name = `sada_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(inject('serverUrl'), name, TEMPLATE);
  const db = openDb(url, { max: 10 });
  made = { url, db, name };
  return made;
}

/** Empties every table but the seeded ones. */
export async function emptyDatabase(db: Db): Promise<void> {
  await run(
    db,
    `do $$ declare names text; begin
       select string_agg(format('%I', c.relname), ', ') into names from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
         and c.relname not in (${KEEP.map((name) => `'${name}'`).join(', ')});
       execute 'truncate ' || names || ' restart identity cascade';
       delete from topics where id >= ${FIRST_OWN_TOPIC};
       update data_version set version = 0;
     end $$`,
  );
  forgetPartitions(db);
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures a fixture needs from this pattern
  url: async ({}, use) => use((await open()).url),
  // biome-ignore lint/correctness/noEmptyPattern: as above
  db: async ({}, use) => {
    const { db } = await open();
    await emptyDatabase(db);
    await use(db);
  },
  zone: 'Africa/Casablanca',
});
