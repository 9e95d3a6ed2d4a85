/**
 * Writes posts: the only way in, and so the only way to count. workers/ingest.ts brings what sources say; labels,
 * re-scores, exclusions and erasures bring changes of known posts. All end in `movePosts`, one statement that takes
 * (before, after) of each post and moves the rollups by the difference.
 */

import type { Analysis } from '../contracts/analysis.ts';
import type { CollectedPost } from '../contracts/collected.ts';
import type { Label } from '../contracts/words.ts';
import { HOUR_MS } from './buckets.ts';
import { many, prepared, type Queryable, run, type Tx } from './db.ts';
import { CHANGE_POSTS, INSERT_POSTS } from './moveSql.ts';

/** Raised when what is stored of a post changes meaning; 1 is the first. */
export const INGEST_VERSION = 1;

export interface TopicRow {
  topic: number;
  model_label: Label;
  human_label: Label | null;
  model_score: number | null;
}

export interface EntityRow {
  entity: string;
  kind: string;
  start: number;
  end: number;
}

/** A post as it should be stored. Times are RFC 3339 strings in UTC. */
export interface PostRow {
  site: string;
  external_id: string;
  kind: CollectedPost['kind'];
  source_id: number;
  import_id: number | null;
  published_at: string;
  edited_at: string | null;
  thread: string | null;
  author_key: string | null;
  author_name: string | null;
  title: string | null;
  text: string;
  url: string | null;
  reach: number | null;
  language: string;
  /** What the source said the language is; null when it said nothing. */
  language_hint: string | null;
  /** Signed 64-bit hash of the normalised text, as a decimal string. */
  text_key: string;
  revision: number;
  model_label: Label;
  human_label: Label | null;
  model_score: number | null;
  probability: number | null;
  model: string;
  topics_version: string;
  vendor_sentiment: string | null;
  explanation: Analysis['explanation'];
  excluded_at: string | null;
  ingest_version: number;
  topics: TopicRow[];
  entities: EntityRow[];
}

/** The identity of a stored post, with its row lock held by this transaction. */
export interface KnownKey {
  post_id: number;
  site: string;
  external_id: string;
  published_at: string;
  revision: number;
  deleted: boolean;
}

/** One post's after. Its before is whatever the tables hold. */
export type Change =
  | { op: 'insert'; after: PostRow }
  | { op: 'update'; key: KnownKey; after: PostRow; oldHash?: string }
  /** `delete` leaves a tombstone, so that the post never comes back; `forget` leaves nothing, as if never seen. */
  | { op: 'delete' | 'forget'; key: KnownKey };

export interface Moved {
  /** Keys of the posts really inserted, as `site\nexternal_id`, with their new ids. */
  inserted: Map<string, number>;
  /** First and last UTC hour whose numbers moved, if any did. */
  fromHour: Date | null;
  toHour: Date | null;
  /** Each of those hours, oldest first; null when they are more than MOST_HOURS. */
  hours: Date[] | null;
  /** How the number of posts changed. */
  n: number;
}

/** A key for maps: neither part can hold a line break. */
export function keyOf(post: { site: string; external_id: string }): string {
  return `${post.site}\n${post.external_id}`;
}

/** Ids of the live posts among these, by `keyOf`, without a lock: a plain sighting of one needs no analysis. */
export async function knownKeys(
  db: Queryable,
  wanted: readonly { site: string; external_id: string }[],
): Promise<Map<string, number>> {
  if (wanted.length === 0) return new Map();
  const rows = await prepared<{ site: string; external_id: string; post_id: number }>(
    db,
    'known-keys',
    `select k.site, k.external_id, k.post_id from unnest($1::text[], $2::text[]) as w (site, external_id)
     join post_keys k on k.site = w.site and k.external_id = w.external_id where not k.deleted`,
    [wanted.map((post) => post.site), wanted.map((post) => post.external_id)],
  );
  return new Map(rows.map((row) => [keyOf(row), row.post_id]));
}

/** Locks the keys that exist, in one order for all writers, and returns them by `keyOf`. */
export async function lockKeys(
  tx: Tx,
  wanted: readonly { site: string; external_id: string }[],
): Promise<Map<string, KnownKey>> {
  if (wanted.length === 0) return new Map();
  const rows = await prepared<KnownKey & Record<string, unknown>>(
    tx,
    'lock-keys',
    `select k.post_id, k.site, k.external_id, k.published_at, k.revision, k.deleted
     from unnest($1::text[], $2::text[]) as w (site, external_id)
     join post_keys k on k.site = w.site and k.external_id = w.external_id
     order by k.site, k.external_id for update of k`,
    [wanted.map((post) => post.site), wanted.map((post) => post.external_id)],
  );
  return new Map(rows.map((row) => [keyOf(row), toKey(row)]));
}

/** Locks known posts by id, in the order of their keys. Ids that do not exist are left out. */
export async function lockPosts(tx: Tx, postIds: readonly number[]): Promise<KnownKey[]> {
  const rows = await many<KnownKey & Record<string, unknown>>(
    tx,
    `select post_id, site, external_id, published_at, revision, deleted from post_keys
     where post_id = any($1) order by site, external_id for update`,
    [postIds],
  );
  return rows.map(toKey);
}

function toKey(row: KnownKey): KnownKey {
  return { ...row, published_at: new Date(row.published_at).toISOString() };
}

/** Applies changes of distinct posts whose known keys are locked. Everything moves in one statement or nothing does. */
export async function movePosts(tx: Tx, zone: string, changes: readonly Change[]): Promise<Moved> {
  if (changes.length === 0) return { inserted: new Map(), fromHour: null, toHour: null, hours: [], n: 0 };
  const rows = JSON.stringify(changes.map(toInput));
  const onlyInserts = changes.every((change) => change.op === 'insert');
  // The second is planned afresh each time: a plan made for an empty table would read whole partitions later.
  const [result] = onlyInserts
    ? await prepared<ResultRow>(tx, 'insert-posts', INSERT_POSTS, [rows, zone])
    : await many<ResultRow>(tx, CHANGE_POSTS, [rows, zone]);
  if (!result) throw new Error('the write statement returned no row');
  // Without an offset a post has no local day and would be stored uncounted: better nothing at all.
  if (result.inserted.length > 0 && !result.from_hour) throw new Error(`zone_offsets does not know the zone ${zone}`);
  return {
    inserted: new Map(result.inserted.map(([site, external_id, id]) => [keyOf({ site, external_id }), id])),
    fromHour: result.from_hour,
    toHour: result.to_hour,
    hours: result.hours?.map((hour) => new Date(hour * HOUR_MS)) ?? null,
    n: result.n,
  };
}

interface ResultRow extends Record<string, unknown> {
  inserted: [string, string, number][];
  from_hour: Date | null;
  to_hour: Date | null;
  /** Hours since 1970. */
  hours: number[] | null;
  n: number;
}

function toInput(change: Change): Record<string, unknown> {
  if (change.op === 'insert') return { op: change.op, ...change.after };
  const { post_id, published_at } = change.key;
  if (change.op === 'update') {
    return { op: change.op, ...change.after, post_id, published_at, old_hash: change.oldHash ?? null };
  }
  return { op: change.op, post_id, published_at };
}

/** Notes that these posts were seen through a source; a repetition changes nothing. */
export async function markSeen(
  tx: Tx,
  postIds: readonly number[],
  sourceId: number,
  importId: number | null,
): Promise<void> {
  if (postIds.length === 0) return;
  await run(
    tx,
    `insert into post_sources (post_id, source_id, import_id) select id, $2, $3 from unnest($1::bigint[]) as id
     order by id on conflict do nothing`,
    [postIds, sourceId, importId ?? 0],
  );
}

/** Writes tombstones for posts never seen here, so that a late copy of a deleted post does not come in. */
export async function rememberDeleted(tx: Tx, wanted: readonly { site: string; external_id: string }[]): Promise<void> {
  if (wanted.length === 0) return;
  await run(
    tx,
    `insert into post_keys (site, external_id, published_at, deleted)
     select site, external_id, now(), true from unnest($1::text[], $2::text[]) as w (site, external_id)
     order by site, external_id on conflict do nothing`,
    [wanted.map((post) => post.site), wanted.map((post) => post.external_id)],
  );
}

/** Ids of the live posts of an author at a site. */
export async function postsOfAuthor(tx: Tx, site: string, authorKey: string): Promise<number[]> {
  const rows = await many<{ post_id: number }>(tx, 'select post_id from posts where site = $1 and author_key = $2', [
    site,
    authorKey,
  ]);
  return rows.map((row) => row.post_id);
}

/** Loads stored posts by id as the rows that `movePosts` writes; a post whose month has expired is left out. */
export async function loadRows(
  db: Queryable,
  keys: readonly Pick<KnownKey, 'post_id' | 'published_at'>[],
): Promise<Map<number, PostRow>> {
  if (keys.length === 0) return new Map();
  const rows = await many<{ post_id: number; row: PostRow }>(
    db,
    `select p.post_id, to_jsonb(p) || jsonb_build_object(
        'text_key', p.text_key::text,
        'topics', coalesce((select jsonb_agg(to_jsonb(t)) from post_topics t
          where t.published_at = p.published_at and t.post_id = p.post_id), '[]'),
        'entities', coalesce((select jsonb_agg(jsonb_build_object(
            'entity', e.entity, 'kind', e.kind, 'start', e.start_at, 'end', e.end_at)) from post_entities e
          where e.published_at = p.published_at and e.post_id = p.post_id), '[]')) as row
     from unnest($1::timestamptz[], $2::bigint[]) as k (published_at, post_id)
     join posts p on p.published_at = k.published_at and p.post_id = k.post_id`,
    [keys.map((key) => key.published_at), keys.map((key) => key.post_id)],
  );
  return new Map(rows.map(({ post_id, row }) => [post_id, row]));
}
