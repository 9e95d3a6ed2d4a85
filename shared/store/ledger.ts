/** The ledger, read: in which stretches of time an active source is known to have gaps. Called by series and breakdown. */
import type { TimeRange } from './buckets.ts';
import { conditions, type Filters, placeholders } from './cells.ts';
import { many, type Queryable } from './db.ts';

/** Positions (from 1) of the buckets in which an hour of an active source of the scope is anything but collected. */
export async function gapBuckets(db: Queryable, buckets: readonly TimeRange[], filters: Filters): Promise<Set<number>> {
  const { values, add } = placeholders();
  const sourceOnly = { ...filters, language: { is: [], not: [] }, kind: { is: [], not: [] } };
  const rows = await many<{ bucket: number }>(
    db,
    `select distinct width_bucket(h.hour, ${add(buckets.map((bucket) => bucket.from))}::timestamptz[]) as bucket
     from source_hours h join sources s on s.id = h.source_id and s.state = 'active'
     where h.state <> 'collected' and h.hour >= ${add(buckets[0]?.from)} and h.hour < ${add(buckets.at(-1)?.to)}
       ${conditions(sourceOnly, 'h', add)}`,
    values,
  );
  return new Set(rows.map((row) => row.bucket));
}

/** Of these source ids, those that no source has. */
export async function unknownSources(db: Queryable, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return [];
  const rows = await many<{ id: number }>(
    db,
    'select w.id from unnest($1::int[]) as w (id) where not exists (select 1 from sources s where s.id = w.id)',
    [ids],
  );
  return rows.map((row) => row.id);
}
