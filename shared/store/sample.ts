/** What only the removal of the sample needs from the store: infra/sample/remove.ts calls it. */
import { many, run, type Tx } from './db.ts';

/** Some posts that these sources brought, newest first: the scan then goes through one month at a time. */
export async function postsOfSources(tx: Tx, sourceIds: readonly number[], limit: number): Promise<number[]> {
  const rows = await many<{ post_id: number }>(
    tx,
    'select post_id from posts where source_id = any($1) order by published_at desc limit $2',
    [sourceIds, limit],
  );
  return rows.map((row) => row.post_id);
}

/** Forgets what edits of these posts left behind. */
export async function forgetRevisions(tx: Tx, postIds: readonly number[]): Promise<void> {
  await run(tx, 'delete from post_revisions where post_id = any($1)', [postIds]);
}

/** Removes sources whose posts are gone, and what posts leave behind: cells at zero, tombstones, ledger and counts. */
export async function forgetSources(tx: Tx, sourceIds: readonly number[], sites: readonly string[]): Promise<void> {
  await run(tx, 'delete from rollup_hour where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from rollup_day where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from rollup_month where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from post_sources where source_id = any($1)', [sourceIds]);
  await run(
    tx,
    `with gone as (
       delete from post_keys k where k.site = any($1)
         and not exists (select 1 from posts p where p.post_id = k.post_id and p.published_at = k.published_at)
       returning post_id)
     delete from post_revisions r using gone where r.post_id = gone.post_id`,
    [sites],
  );
  await run(tx, 'delete from sources where id = any($1)', [sourceIds]);
}
