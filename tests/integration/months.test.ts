/** A long range is read from months, days and hours: the sum is the same as counting the posts. */

import { readBreakdown } from '../../shared/store/breakdown.ts';
import { inTransaction } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { countPosts } from '../../shared/store/postReads.ts';
import { movePosts } from '../../shared/store/posts.ts';
import { aPostRow, aSource, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const ALL = { is: [], not: [] } as const;
const FILTERS = { topic: ALL, language: ALL, source: ALL, kind: ALL, label: ALL };

test('a breakdown of any long range counts the posts that the range has', async ({ db, zone }) => {
  const source = await aSource(db);
  // Five a day around local midnights and month ends, from the last winter time to after the change of 2026-09-20.
  const rows = Array.from({ length: 250 }, (_, day) =>
    ['22:30', '23:30', '00:30', '01:10', '12:00'].map((time) =>
      aPostRow({
        source_id: source.id,
        published_at: `${new Date(Date.UTC(2026, 1, 10 + day)).toISOString().slice(0, 10)}T${time}:00.000Z`,
        topics: [{ topic: 1 + (day % 3), model_label: 'positive', human_label: null, model_score: 0.5 }],
      }),
    ),
  ).flat();
  await ensurePartitions(
    db,
    rows.map((row) => row.published_at),
  );
  for (let at = 0; at < rows.length; at += 500) {
    const part = rows.slice(at, at + 500);
    await inTransaction(db, (tx) =>
      movePosts(
        tx,
        zone,
        part.map((after) => ({ op: 'insert', after })),
      ),
    );
  }
  expect(await wrongCells(db)).toEqual([]);
  const ranges = [
    ['2026-02-01T00:00:00Z', '2026-11-01T00:00:00Z'],
    ['2026-02-28T23:00:00Z', '2026-07-31T23:00:00Z'], // local months exactly: UTC+1
    ['2026-03-01T00:00:00Z', '2026-10-01T00:00:00Z'],
    ['2026-04-15T07:00:00Z', '2026-09-20T02:00:00Z'],
    ['2026-05-01T00:00:00Z', '2026-05-31T23:00:00Z'],
  ] as const;
  for (const [from, to] of ranges) {
    const range = { from: new Date(from), to: new Date(to), period: null };
    const counted = await countPosts(db, { zone, range, filters: FILTERS, contains: undefined });
    const base = { zone, range, filters: FILTERS, compare: false, now: new Date('2026-11-24T00:00:00Z') };
    expect((await readBreakdown(db, { ...base, by: 'language' })).total.n).toBe(counted);
    const byTopic = await readBreakdown(db, { ...base, by: 'topic' });
    expect(byTopic.total.n).toBe(counted);
    expect(byTopic.rows.reduce((sum, row) => sum + row.n, 0)).toBe(counted); // one topic each
  }
});
