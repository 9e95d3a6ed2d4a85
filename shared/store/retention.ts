/** What is removed with time: old months of posts (numbers stay), logs of changes, spent keys, ended chunks. */
import { type Db, run } from './db.ts';
import { pruneDeliveries } from './deliveries.ts';
import { dropMonth, listMonths } from './partitions.ts';
import { pruneLog } from './version.ts';

/** Removes the months that ended before `before`. Tombstones and rollups outlive them. */
export async function expireMonths(db: Db, before: Date): Promise<{ months: number; posts: number }> {
  let months = 0;
  let posts = 0;
  for (const month of await listMonths(db)) {
    const end = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1));
    if (end > before) continue;
    posts += await dropMonth(db, month);
    months += 1;
  }
  return { months, posts };
}

/** Forgets what served its purpose. */
export async function pruneOld(db: Db): Promise<void> {
  await pruneLog(db, 48);
  await run(db, `delete from idempotency_keys where created_at < now() - interval '24 hours'`);
  await run(db, `delete from import_chunks where state = 'done' and done_at < now() - interval '30 days'`);
  await run(db, `delete from inbox where state = 'done' and done_at < now() - interval '7 days'`);
  await pruneDeliveries(db, new Date());
  await run(db, `delete from processes where seen_at < now() - interval '1 day'`);
  await run(db, `delete from rollup_hour where n = 0 and scored = 0 and score_sum = 0 and score_sq_sum = 0`);
  await run(db, `delete from rollup_day where n = 0 and scored = 0 and score_sum = 0 and score_sq_sum = 0`);
  await run(db, `delete from rollup_month where n = 0 and scored = 0 and score_sum = 0 and score_sq_sum = 0`);
  await run(db, 'delete from rollup_model where n = 0');
}
