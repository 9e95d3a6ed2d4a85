/**
 * Takes the sample out as if it had never been there: its posts by the same deltas that counted them, then what is left
 * of its sources. Real posts are not touched. infra/sample/load.ts and infra/commands/demo.ts call it.
 */
import { type Db, inTransaction, many, run, type Tx } from '../../shared/store/db.ts';
import { lockPosts, movePosts } from '../../shared/store/posts.ts';
import { writeSetting } from '../../shared/store/settings.ts';
import { listSources } from '../../shared/store/sources.ts';
import { bumpVersion } from '../../shared/store/version.ts';
import { SAMPLE_SOURCES } from './people.ts';
import { readSampleState, withSampleLock } from './state.ts';

const FORGET_BATCH = 2_000;

/**
 * Removes the sample; safe to repeat, and after a kill the next run finishes it. Throws AppError `conflict` while another
 * process loads or removes it, and the signal's reason when aborted between two batches.
 */
export async function removeSample(db: Db, zone: string, signal?: AbortSignal): Promise<{ posts: number }> {
  return withSampleLock(db, async (lost) => {
    const posts = await clearSample(db, zone, signal ? AbortSignal.any([lost, signal]) : lost);
    return { posts };
  });
}

/** The same for a caller that holds the lock; returns how many posts went. `signal` stops it between two batches. */
export async function clearSample(db: Db, zone: string, signal?: AbortSignal): Promise<number> {
  const sources = (await listSources(db)).filter((source) => source.sample);
  const ids = sources.map((source) => source.id);
  // Before the first post goes: a load that was going on must not take what its cursor says for stored.
  if (ids.length > 0 || (await readSampleState(db))?.state !== 'removed')
    await writeSetting(db, 'sample', { state: 'removing' });
  let removed = 0;
  for (let gone = -1; gone !== 0; removed += gone) {
    signal?.throwIfAborted();
    gone = await inTransaction(db, (tx) => forgetBatch(tx, zone, ids));
  }
  await inTransaction(db, (tx) => removeSources(tx, ids));
  return removed;
}

async function forgetBatch(tx: Tx, zone: string, ids: readonly number[]): Promise<number> {
  // Newest first: the scan then goes through one month at a time.
  const found = await many<{ post_id: number }>(
    tx,
    'select post_id from posts where source_id = any($1) order by published_at desc limit $2',
    [ids, FORGET_BATCH],
  );
  if (found.length === 0) return 0;
  const keys = await lockPosts(
    tx,
    found.map((row) => row.post_id),
  );
  await run(tx, 'delete from post_revisions where post_id = any($1)', [keys.map((key) => key.post_id)]);
  const moved = await movePosts(
    tx,
    zone,
    keys.map((key) => ({ op: 'forget', key })),
  );
  await bumpVersion(tx, { event: 'posts', payload: { n: moved.n, from: moved.fromHour, to: moved.toHour } });
  return keys.length;
}

/** What posts leave behind: cells at zero, tombstones, numbers of months that expired, and the sources themselves. */
async function removeSources(tx: Tx, ids: readonly number[]): Promise<void> {
  const sites = SAMPLE_SOURCES.map((source) => source.site);
  await run(tx, 'delete from rollup_hour where source_id = any($1)', [ids]);
  await run(tx, 'delete from rollup_day where source_id = any($1)', [ids]);
  await run(tx, 'delete from post_sources where source_id = any($1)', [ids]);
  await run(
    tx,
    `with gone as (
       delete from post_keys k where k.site = any($1)
         and not exists (select 1 from posts p where p.post_id = k.post_id and p.published_at = k.published_at)
       returning post_id)
     delete from post_revisions r using gone where r.post_id = gone.post_id`,
    [sites],
  );
  // With it go its state, ledger, counts and quarantine, by cascade.
  await run(tx, 'delete from sources where id = any($1)', [ids]);
  await writeSetting(tx, 'sample', { state: 'removed' });
  if (ids.length > 0) await bumpVersion(tx, { event: 'source', payload: { removed: ids } });
}
