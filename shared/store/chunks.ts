/**
 * Work that waits in Postgres: chunks of imported files and pushed requests. Whoever makes work writes it here and then
 * tells the queue; the sweep tells it again of what was lost. `claimChunk` hands one to one worker at a time.
 */
import type { CollectedEvent, CollectedPost } from '../contracts/collected.ts';
import { type Db, inTransaction, many, one, type Queryable, run, type Tx } from './db.ts';
import { type KnownKey, keyOf, lockPosts, movePosts } from './posts.ts';
import { addCounts } from './sources.ts';
import { bumpVersion, movedHours } from './version.ts';

export type ChunkOrigin = 'import' | 'push';
export interface ChunkRef {
  from: ChunkOrigin;
  id: number;
}

const TABLE = { import: 'import_chunks', push: 'inbox' } as const;

export interface ClaimedChunk {
  sourceId: number;
  importId: number | null;
  /** What the source wants kept. */
  keep: 'matching' | 'all';
  events: CollectedEvent[];
  /** How often it was begun, this time included: work that kills its process shows here. */
  attempts: number;
}

/** Counts an attempt, in its own transaction, so that even a killed process leaves a trace. */
export async function countAttempt(db: Db, chunk: ChunkRef): Promise<void> {
  await run(db, `update ${TABLE[chunk.from]} set attempts = attempts + 1 where id = $1 and state = 'waiting'`, [
    chunk.id,
  ]);
}

/** Takes an attempt back that ended in an error rather than in the death of its process. */
export async function uncountAttempt(db: Db, chunk: ChunkRef): Promise<void> {
  await run(db, `update ${TABLE[chunk.from]} set attempts = attempts - 1 where id = $1 and attempts > 0`, [chunk.id]);
}

/** Locks a waiting chunk for the length of the transaction; false when it is done, gone or taken by another. */
export async function lockChunk(tx: Tx, chunk: ChunkRef): Promise<boolean> {
  const found = await one(
    tx,
    `select 1 from ${TABLE[chunk.from]} where id = $1 and state = 'waiting' for update skip locked`,
    [chunk.id],
  );
  return found !== undefined;
}

/** Takes a waiting chunk for the length of the transaction; undefined when it is done, gone or taken by another. */
export async function claimChunk(tx: Tx, chunk: ChunkRef): Promise<ClaimedChunk | undefined> {
  return one<ClaimedChunk & Record<string, unknown>>(
    tx,
    chunk.from === 'import'
      ? `select i.source_id as "sourceId", c.import_id as "importId", s.keep, c.events, c.attempts
         from import_chunks c join imports i on i.id = c.import_id join sources s on s.id = i.source_id
         where c.id = $1 and c.state = 'waiting' for update of c skip locked`
      : `select b.source_id as "sourceId", b.import_id as "importId", s.keep, b.events, b.attempts
         from inbox b join sources s on s.id = b.source_id
         where b.id = $1 and b.state = 'waiting' for update of b skip locked`,
    [chunk.id],
  );
}

/** Ends a chunk in the transaction of its posts. Its texts are removed: they are in posts now, or were dropped. */
export async function finishChunk(tx: Tx, chunk: ChunkRef, counts: Readonly<Record<string, number>>): Promise<void> {
  const keys = chunk.from === 'push' ? ', keys = null' : '';
  await run(
    tx,
    `update ${TABLE[chunk.from]} set state = 'done', events = null, counts = $2, done_at = now()${keys} where id = $1`,
    [chunk.id, JSON.stringify(counts)],
  );
}

/** Chunks that wait since before `olderThanMs`, oldest first: what the queue may have lost. */
export async function waitingChunks(db: Queryable, olderThanMs: number, limit: number): Promise<ChunkRef[]> {
  return many<ChunkRef & Record<string, unknown>>(
    db,
    `(select 'import' as "from", id from import_chunks
      where state = 'waiting' and created_at < now() - make_interval(secs => $1::float8 / 1000) order by id limit $2)
     union all
     (select 'push', id from inbox
      where state = 'waiting' and created_at < now() - make_interval(secs => $1::float8 / 1000) order by id limit $2)`,
    [olderThanMs, limit],
  );
}

/** Replaces a chunk by its two halves, as inbox rows: to find the post that work dies of. Returns the new rows' ids. */
export async function splitChunk(tx: Tx, chunk: ChunkRef, claimed: ClaimedChunk): Promise<number[]> {
  const middle = Math.ceil(claimed.events.length / 2);
  const ids: number[] = [];
  for (const part of [claimed.events.slice(0, middle), claimed.events.slice(middle)]) {
    const row = await one<{ id: number }>(
      tx,
      `insert into inbox (source_id, import_id, events, keys) values ($1, $2, $3, '{}') returning id`,
      [claimed.sourceId, claimed.importId, JSON.stringify(part)],
    );
    if (row) ids.push(row.id);
  }
  await finishChunk(tx, chunk, { split: 2 });
  return ids;
}

/** How many chunks wait. */
export async function countWaiting(db: Queryable): Promise<number> {
  const row = await one<{ n: number }>(
    db,
    `select (select count(*) from import_chunks where state = 'waiting') + (select count(*) from inbox where state = 'waiting') as n`,
  );
  return row?.n ?? 0;
}

/** Puts a post that could not be stored aside, with the error, so that its neighbours go on. */
export async function quarantine(
  db: Queryable,
  sourceId: number,
  importId: number | null,
  event: CollectedEvent,
  error: string,
): Promise<void> {
  await run(db, 'insert into dead_posts (source_id, import_id, event, error) values ($1, $2, $3, $4)', [
    sourceId,
    importId,
    JSON.stringify(event),
    error.slice(0, 500),
  ]);
}

export interface DeadPost {
  id: number;
  source_id: number;
  import_id: number | null;
  event: CollectedEvent;
  error: string;
  created_at: Date;
}

/** Posts in quarantine, oldest first. */
export async function listDead(db: Queryable, limit: number): Promise<DeadPost[]> {
  return many<DeadPost & Record<string, unknown>>(db, 'select * from dead_posts order by id limit $1', [limit]);
}

/** Gives posts in quarantine another try as one push of their source; returns the inbox ids made. */
export async function replayDead(db: Db): Promise<number[]> {
  const rows = await many<{ id: number }>(
    db,
    `with gone as (delete from dead_posts returning source_id, import_id, event, id)
     insert into inbox (source_id, import_id, events, keys)
     select source_id, import_id, jsonb_agg(event order by id), '{}' from (
       select *, (row_number() over (partition by source_id, import_id order by id) - 1) / 500 as part from gone) g
     group by source_id, import_id, part returning id`,
  );
  return rows.map((row) => row.id);
}

/** Throws away what is in quarantine; returns how many posts. */
export async function discardDead(db: Db): Promise<number> {
  return run(db, 'delete from dead_posts');
}

// ---------------------------------------------------------------- push

/** Posts of one inbox row, so that the rows of a large push can be shared among workers. */
const PUSH_CHUNK = 500;

/**
 * Writes a push to the inbox. `duplicate`: stored already, waiting already, or twice in this request, with the same
 * text; a known post with another text is accepted as an edit.
 */
export async function receivePush(
  tx: Tx,
  push: { sourceId: number; posts: readonly CollectedPost[] },
): Promise<{ inboxIds: number[]; outcomes: ('accepted' | 'duplicate')[] }> {
  const known = await many<{ i: number }>(
    tx,
    `select w.i::int as i from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w (site, external_id, text, i)
     join post_keys k on k.site = w.site and k.external_id = w.external_id
     left join posts p on p.published_at = k.published_at and p.post_id = k.post_id
     where k.deleted or p.text is null or p.text = w.text`,
    [
      push.posts.map((post) => post.site),
      push.posts.map((post) => post.external_id),
      push.posts.map((post) => post.text),
    ],
  );
  const seen = new Set<string>();
  const content = push.posts.map((post) => `${keyOf(post)}\n${post.text}`);
  const waiting = await waitingContents(tx, push.posts);
  const stored = new Set(known.map((row) => row.i - 1));
  const outcomes = content.map((key, index) => {
    if (stored.has(index) || waiting.has(key) || seen.has(key)) return 'duplicate' as const;
    seen.add(key);
    return 'accepted' as const;
  });
  const accepted = push.posts.filter((_, index) => outcomes[index] === 'accepted');
  const inboxIds: number[] = [];
  for (let start = 0; start < accepted.length; start += PUSH_CHUNK) {
    const part = accepted.slice(start, start + PUSH_CHUNK);
    const row = await one<{ id: number }>(
      tx,
      'insert into inbox (source_id, events, keys) values ($1, $2, $3) returning id',
      [push.sourceId, JSON.stringify(part.map((post) => ({ type: 'edit', post }))), part.map(keyOf)],
    );
    if (row) inboxIds.push(row.id);
  }
  return { inboxIds, outcomes };
}

async function waitingContents(tx: Tx, posts: readonly CollectedPost[]): Promise<Set<string>> {
  const rows = await many<{ site: string; external_id: string; text: string }>(
    tx,
    `select e -> 'post' ->> 'site' as site, e -> 'post' ->> 'external_id' as external_id, e -> 'post' ->> 'text' as text
     from inbox, jsonb_array_elements(events) as e
     where state = 'waiting' and keys && $1 and e -> 'post' ->> 'external_id' = any($2)`,
    [posts.map(keyOf), posts.map((post) => post.external_id)],
  );
  return new Set(rows.map((row) => `${keyOf(row)}\n${row.text}`));
}

// ---------------------------------------------------------------- undo

/** Posts taken out in one transaction of an undo, so that it can be stopped and gone on with. */
const UNDO_BATCH = 500;

/**
 * Takes an import back: only posts that it was the first to bring and that no other source or import saw. Chunks that
 * still wait are dropped. Safe to repeat; returns how many posts went and how many stay because others saw them.
 */
export async function undoImport(db: Db, zone: string, importId: number): Promise<{ removed: number; kept: number }> {
  const source = await one<{ source_id: number }>(
    db,
    `with i as (update imports set state = 'undone', finished_at = now() where id = $1 returning source_id),
       c as (update import_chunks set state = 'done', events = null, done_at = now() where import_id = $1 and state = 'waiting')
     select source_id from i`,
    [importId],
  );
  if (!source) return { removed: 0, kept: 0 };
  let removed = 0;
  for (;;) {
    const gone = await inTransaction(db, (tx) => undoBatch(tx, zone, importId, source.source_id));
    removed += gone;
    if (gone === 0) break;
  }
  const kept = await one<{ n: number }>(db, 'select count(*) as n from posts where import_id = $1', [importId]);
  await run(
    db,
    'delete from post_sources where import_id = $1 and not exists (select 1 from posts p where p.post_id = post_sources.post_id and p.import_id = $1)',
    [importId],
  );
  return { removed, kept: kept?.n ?? 0 };
}

async function undoBatch(tx: Tx, zone: string, importId: number, sourceId: number): Promise<number> {
  const onlyHere = (ids: readonly number[] | null) =>
    many<{ post_id: number }>(
      tx,
      `select p.post_id from posts p where p.import_id = $1 and ($3::bigint[] is null or p.post_id = any($3)) and not exists (
         select 1 from post_sources s where s.post_id = p.post_id and (s.source_id, s.import_id) <> ($2, $1)) limit $4`,
      [importId, sourceId, ids, UNDO_BATCH],
    );
  const found = await onlyHere(null);
  const locked: KnownKey[] = await lockPosts(
    tx,
    found.map((row) => row.post_id),
  );
  // Asked again under the lock: another source may have seen one of them in between.
  const still = new Set((await onlyHere(locked.map((key) => key.post_id))).map((row) => row.post_id));
  const keys = locked.filter((key) => still.has(key.post_id));
  if (found.length > 0 && keys.length === 0) return undoBatch(tx, zone, importId, sourceId);
  if (keys.length === 0) return 0;
  const moved = await movePosts(
    tx,
    zone,
    keys.map((key) => ({ op: 'forget', key })),
  );
  await addCounts(tx, sourceId, { undone: keys.length });
  const payload = movedHours([moved]) ?? { n: 0, from: null, to: null };
  await bumpVersion(tx, { event: 'posts', payload });
  return keys.length;
}
