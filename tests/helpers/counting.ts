/**
 * Counts the posts of a running Sada at every door and expects the same everywhere: database, rollups, API, CSV.
 * Called by tests/e2e/real-input.test.ts. Try it: `await everyDoorCounts(sada, 65_126)`.
 */
import { expect } from 'vitest';
import { many, one } from '../../shared/store/db.ts';
import { wrongCells } from './builders.ts';
import { clientOf } from './client.ts';
import type { RunningSada } from './sada.ts';

/** No range may be longer than 20 years, and the oldest items are of 2005. */
export const ALL_TIME = {
  ranges: ['from=1995-01-01T00:00:00Z&to=2010-01-01T00:00:00Z', 'from=2010-01-01T00:00:00Z'],
  buckets: ['month'],
};

/** The total of what `of` says of each. */
export const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);

/** Database, rollups, API and CSV agree to the unit. `ranges` are all the time there is, a year at most by the hour. */
export async function everyDoorCounts(
  sada: RunningSada,
  expected: number,
  { ranges, buckets } = { ranges: ['period=7d'], buckets: ['hour', 'day'] },
): Promise<void> {
  const languages = await languagesInDatabase(sada);
  expect(sum(Object.values(languages), (n) => n)).toBe(expected);
  const api = clientOf(sada.url);
  const got = { total: 0, series: 0, seriesCsv: 0, include: 0 };
  const found: Counted[][] = [[], []];
  const posts: Record<string, string>[] = [];
  for (const range of ranges) {
    const breakdown = (await api.get(`/v1/breakdown?by=language&${range}`)).body;
    got.total += breakdown.total.n;
    found[0]?.push(...breakdown.rows);
    const rows = await api.csv(`/v1/breakdown?by=language&${range}`);
    found[1]?.push(...rows.map(({ key = '', n }) => ({ key, n: Number(n) })));
    for (const bucket of buckets) {
      const series = (await api.get(`/v1/series?${range}&bucket=${bucket}`)).body;
      expect(sum(series.buckets as Counted[], ({ n }) => n)).toBe(series.total.n);
      got.series += series.total.n / buckets.length;
      got.seriesCsv +=
        sum(await api.csv(`/v1/series?${range}&bucket=${bucket}`), (row) => Number(row.n)) / buckets.length;
    }
    got.include += (await api.get(`/v1/posts?${range}&include=total&limit=1`)).body.total;
    posts.push(...(await api.csv(`/v1/posts?${range}`)));
  }
  expect(got).toEqual({ total: expected, series: expected, seriesCsv: expected, include: expected });
  for (const rows of found) expect(addUp(rows)).toEqual(languages);
  expect(posts.length).toBe(expected);
  expect(new Set(posts.map((row) => row.id)).size).toBe(expected);
  expect(addUp(posts.map((row) => ({ key: row.language ?? '', n: 1 })))).toEqual(languages);
  expect(await wrongCells(sada.db)).toEqual([]);
}

type Counted = { key: string; n: number };

function addUp(rows: readonly Counted[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { key, n } of rows) counts[key] = (counts[key] ?? 0) + n;
  return counts;
}

/** Posts by language, the same in the posts and in both rollups, each identity once. */
async function languagesInDatabase(sada: RunningSada): Promise<Record<string, number>> {
  const stored = await many<Counted>(
    sada.db,
    'select language as key, count(*)::int as n from posts group by 1 order by 1',
  );
  for (const table of ['rollup_hour', 'rollup_day']) {
    const cells = await many<Counted>(
      sada.db,
      `select language as key, sum(n)::int as n from ${table} where topic = 0 group by 1 having sum(n) <> 0 order by 1`,
    );
    expect(cells, table).toEqual(stored);
  }
  const identities = await one<{ n: number; keys: number }>(
    sada.db,
    'select (select count(distinct (site, external_id)) from posts)::int as n, (select count(*) from post_keys)::int as keys',
  );
  const all = sum(stored, ({ n }) => n);
  expect(identities).toEqual({ n: all, keys: all });
  return addUp(stored);
}
