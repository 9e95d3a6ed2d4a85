/**
 * Takes the sample out as if it had never been there: its rules and alerts, its posts by the same deltas that counted
 * them, then what is left of its sources. Real posts are not touched; rules over them learn anew, without the sample.
 * infra/sample/load.ts and infra/commands/demo.ts call it.
 */
import { type Db, inTransaction, type Tx } from '../../shared/store/db.ts';
import { lockPosts, movePosts } from '../../shared/store/posts.ts';
import {
  forgetRevisions,
  forgetSampleRules,
  forgetSources,
  postsOfSources,
  startScopesAnew,
} from '../../shared/store/sample.ts';
import { writeSetting } from '../../shared/store/settings.ts';
import { listSources } from '../../shared/store/sources.ts';
import { bumpVersion, movedHours } from '../../shared/store/version.ts';
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
  const state = (await readSampleState(db))?.state;
  if (ids.length > 0 || state !== 'removed') await writeSetting(db, 'sample', { state: 'removing' });
  await inTransaction(db, forgetSampleRules); // first: they need not follow the posts on their way out
  let removed = 0;
  for (let gone = -1; gone !== 0; removed += gone) {
    signal?.throwIfAborted();
    gone = await inTransaction(db, (tx) => forgetBatch(tx, zone, ids));
  }
  await inTransaction(db, async (tx) => {
    const sites = SAMPLE_SOURCES.map((source) => source.site);
    await forgetSources(tx, ids, sites);
    if (ids.length > 0 || (state !== undefined && state !== 'removed')) await startScopesAnew(tx);
    await writeSetting(tx, 'sample', { state: 'removed' });
    if (ids.length > 0) await bumpVersion(tx, { event: 'source', payload: { removed: ids } });
  });
  return removed;
}

async function forgetBatch(tx: Tx, zone: string, ids: readonly number[]): Promise<number> {
  const keys = await lockPosts(tx, await postsOfSources(tx, ids, FORGET_BATCH));
  if (keys.length === 0) return 0;
  await forgetRevisions(
    tx,
    keys.map((key) => key.post_id),
  );
  const moved = await movePosts(
    tx,
    zone,
    keys.map((key) => ({ op: 'forget', key })),
  );
  const payload = movedHours([moved]) ?? { n: 0, from: null, to: null };
  await bumpVersion(tx, { event: 'posts', payload });
  return keys.length;
}
