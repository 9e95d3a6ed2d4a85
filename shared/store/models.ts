/** Which models scored the posts of a stretch of time, so that no chart mixes two of them silently. */
import type { ModelShare } from '../contracts/api/common.ts';
import { HOUR_MS, monthAt, type Offset, type TimeRange } from './buckets.ts';
import { many, type Queryable } from './db.ts';

/** Posts by model in the local months that the range touches, most posts first. */
export async function readModels(
  db: Queryable,
  { from, to }: TimeRange,
  offsets: readonly Offset[],
): Promise<ModelShare[]> {
  return many<ModelShare>(
    db,
    `select model, sum(n)::bigint as posts from rollup_model where month between $1 and $2
     group by model having sum(n) > 0 order by posts desc, model`,
    [monthAt(offsets, from.getTime()), monthAt(offsets, to.getTime() - HOUR_MS)],
  );
}
