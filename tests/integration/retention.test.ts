/** Retention removes posts, never numbers; the recount repairs what differs, and leaves alone what it cannot count. */
import { many, one, run } from '../../shared/store/db.ts';
import { listMonths } from '../../shared/store/partitions.ts';
import { reconcile } from '../../shared/store/reconcile.ts';
import { expireMonths } from '../../shared/store/retention.ts';
import { ingest } from '../../workers/ingest.ts';
import { aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const nothing = async () => undefined;
type TestDb = Parameters<typeof aSource>[0];

async function store(db: TestDb, dates: readonly string[]): Promise<void> {
  const source = await aSource(db);
  const events = dates.map((published_at, i) =>
    seen({ published_at, external_id: `${published_at}-${i}`, text: 'Water is scarce and the data center is great.' }),
  );
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, events, nothing);
}

const numbers = (db: TestDb) =>
  many(db, 'select topic, day, n, positive, negative, score_sum from rollup_day order by 1, 2');

test('an expired month loses its posts and keeps its numbers, tombstones and identities', async ({ db }) => {
  await store(db, ['2026-07-03T10:00:00Z', '2026-07-31T23:30:00Z', '2026-08-02T10:00:00Z']);
  const before = await numbers(db);
  expect(await expireMonths(db, new Date('2026-08-15T00:00:00Z'))).toEqual({ months: 1, posts: 2 });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 1 });
  expect(await one(db, 'select count(*)::int as n from post_topics')).not.toEqual({ n: 0 });
  expect(await one(db, 'select count(*)::int as n from post_keys')).toEqual({ n: 3 });
  expect(await one(db, 'select count(*)::int as n from post_sources')).toEqual({ n: 1 });
  expect(await numbers(db)).toEqual(before);
  expect(await listMonths(db)).toEqual(['2026-08-01']);
});

test('a post of an expired month that is collected again is still known and changes nothing', async ({ db }) => {
  await store(db, ['2026-07-03T10:00:00Z']);
  await expireMonths(db, new Date('2026-08-15T00:00:00Z'));
  const before = await numbers(db);
  await store(db, ['2026-07-03T10:00:00Z']);
  expect(await numbers(db)).toEqual(before);
});

test('the recount does not touch an expired month, not even when a late post has made it anew', async ({ db }) => {
  await store(db, ['2026-07-03T10:00:00Z', '2026-07-04T10:00:00Z']);
  await expireMonths(db, new Date('2026-08-15T00:00:00Z'));
  await store(db, ['2026-07-03T11:00:00Z']); // late: the month has a partition again, with one of its three posts
  const before = await numbers(db);
  expect(await reconcile(db, 'Africa/Casablanca', '2026-07-01', '2026-08-01')).toMatchObject({ repaired: 0 });
  expect(await numbers(db)).toEqual(before);
});

test('the recount finds, repairs and reports cells that differ, missing ones and ones too many', async ({ db }) => {
  await store(db, ['2026-11-03T10:00:00Z', '2026-11-04T10:00:00Z', '2026-11-05T10:00:00Z']);
  await run(
    db,
    `update rollup_hour set n = n + 5, score_sum = score_sum - 7 where topic = 0 and hour = '2026-11-03T10:00:00Z'`,
  );
  await run(db, `delete from rollup_hour where topic = 0 and hour = '2026-11-04T10:00:00Z'`);
  await run(db, `update rollup_day set positive = positive + 1 where topic = 0 and day = '2026-11-05'`);
  await run(
    db,
    `insert into rollup_hour select topic, hour + interval '3 hours', language, source_id, kind, 9, 9, 9, 0, 0, 1, 1
                 from rollup_hour where topic = 0 and hour = '2026-11-05T10:00:00Z'`,
  );
  const result = await reconcile(db, 'Africa/Casablanca', '2026-11-01', '2026-11-10');
  expect(result.repaired).toBe(4);
  expect(await wrongCells(db)).toEqual([]);
  expect(await one(db, 'select cells_repaired from reconciliations')).toEqual({ cells_repaired: 4 });
  expect(await reconcile(db, 'Africa/Casablanca', '2026-11-01', '2026-11-10')).toMatchObject({ repaired: 0 });
});

test('the recount leaves cells outside its range alone', async ({ db }) => {
  await store(db, ['2026-11-03T10:00:00Z', '2026-11-08T10:00:00Z']);
  await run(db, `update rollup_hour set n = n + 5 where hour = '2026-11-08T10:00:00Z'`);
  expect(await reconcile(db, 'Africa/Casablanca', '2026-11-01', '2026-11-08')).toMatchObject({ repaired: 0 });
});
