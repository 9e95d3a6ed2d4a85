/** Migrations: by many at once, again, by an older program, with another secret, for another reporting zone. */
import { readdir, readFile } from 'node:fs/promises';
import { inject } from 'vitest';
import { migrate } from '../../infra/migrate.ts';
import { ensureMigrated } from '../../infra/prepare.ts';
import { many, one, openDb, run } from '../../shared/store/db.ts';
import { SCHEMA, schemaState } from '../../shared/store/schema.ts';
import { readSetting } from '../../shared/store/settings.ts';
import { ingest } from '../../workers/ingest.ts';
import { storePosts } from '../helpers/api.ts';
import { aPostRow, aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { createDatabase, dropDatabase, TEST_SECRET } from '../helpers/databases.ts';
import { expect, test } from '../helpers/db.ts';

const OPTIONS = { zone: 'Africa/Casablanca', secret: TEST_SECRET, queueHere: true };

test('the schema’s name is the last migration', async () => {
  const files = (await readdir('infra/migrations')).toSorted();
  expect(files.at(-1)).toBe(`${SCHEMA}.sql`);
});

test('four processes that migrate an empty database at once leave one good schema', async () => {
  const name = 'sada_migrate_race';
  const url = await createDatabase(inject('serverUrl'), name);
  const pools = Array.from({ length: 4 }, () => openDb(url, { max: 2 }));
  try {
    await Promise.all(pools.map((db) => ensureMigrated(db, OPTIONS)));
    const [db] = pools;
    if (!db) throw new Error('no pool');
    const files = (await readdir('infra/migrations')).toSorted();
    expect(await many(db, `select name || '.sql' as name from pgmigrations order by id`)).toEqual(
      files.map((name) => ({ name })),
    );
    expect(await schemaState(db)).toBe('ready');
    expect(await one(db, `select count(*)::int as n from zone_offsets where zone = 'Africa/Casablanca'`)).not.toEqual({
      n: 0,
    });
    expect(await ensureMigrated(db, OPTIONS)).toEqual([]);
  } finally {
    await Promise.all(pools.map((db) => db.end()));
    await dropDatabase(inject('serverUrl'), name);
  }
});

test('posts stored before models were counted are counted by the migration', async () => {
  const name = 'sada_migrate_models';
  const db = openDb(await createDatabase(inject('serverUrl'), name), { max: 3 });
  try {
    await migrate(db, OPTIONS);
    const rows = [
      { published_at: '2026-06-30T22:59:00.000Z' },
      { published_at: '2026-06-30T23:00:00.000Z' }, // midnight of July in Casablanca, then at +01:00
      { published_at: '2026-07-10T10:00:00.000Z', model: 'test-2' },
      { published_at: '2026-07-10T10:00:00.000Z', excluded_at: '2026-07-11T10:00:00.000Z' },
    ];
    await storePosts(db, rows.map(aPostRow));
    for (const file of (await readdir('infra/migrations')).toSorted().toReversed()) {
      if (file.startsWith('0001')) continue;
      const [, down = ''] = (await readFile(`infra/migrations/${file}`, 'utf8')).split('-- Down Migration');
      await db.query(down);
      await run(db, 'delete from pgmigrations where name = $1', [file.replace('.sql', '')]);
    }
    expect(await migrate(db, OPTIONS)).toContain('0002_rescore');
    expect(await many(db, 'select month, model, n from rollup_model order by 1, 2')).toEqual([
      { month: '2026-06-01', model: 'test-1', n: 1 },
      { month: '2026-07-01', model: 'test-1', n: 1 },
      { month: '2026-07-01', model: 'test-2', n: 1 },
    ]);
    expect(await wrongCells(db)).toEqual([]);
  } finally {
    await db.end();
    await dropDatabase(inject('serverUrl'), name);
  }
});

test('an older program on a newer schema stops and says so', async ({ db }) => {
  await run(db, `insert into pgmigrations (name, run_on) values ('9999_future', now())`);
  await run(db, `update settings set value = '"9999_future"' where key = 'schema'`);
  try {
    expect(await schemaState(db)).toBe('newer');
    await expect(ensureMigrated(db, OPTIONS)).rejects.toThrow(/9999_future.*newer Sada/);
  } finally {
    await run(db, `delete from pgmigrations where name = '9999_future'`);
    await run(db, `update settings set value = $1 where key = 'schema'`, [JSON.stringify(SCHEMA)]);
  }
});

test('another secret than the first one stops, before an author gets a second pseudonym', async ({ db }) => {
  await expect(ensureMigrated(db, { ...OPTIONS, secret: 'another secret, just as long as that' })).rejects.toThrow(
    /SADA_SECRET differs/,
  );
});

test('another reporting zone counts the same posts by its own days, and back', async ({ db }) => {
  const source = await aSource(db);
  // 23:30 in Casablanca, half past midnight of the next day in Paris
  const events = [seen({ published_at: '2026-11-20T23:30:00Z' }), seen({ published_at: '2026-11-20T12:00:00Z' })];
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, events, async () => undefined);
  const days = () => many(db, 'select day, n from rollup_day where topic = 0 order by day');
  expect(await days()).toEqual([{ day: '2026-11-20', n: 2 }]);
  await migrate(db, { ...OPTIONS, zone: 'Europe/Paris' });
  expect(await days()).toEqual([
    { day: '2026-11-20', n: 1 },
    { day: '2026-11-21', n: 1 },
  ]);
  expect(await wrongCells(db, 'Europe/Paris')).toEqual([]);
  await migrate(db, OPTIONS);
  expect(await readSetting(db, 'reporting_zone')).toBe('Africa/Casablanca');
  expect(await wrongCells(db)).toEqual([]);
});
