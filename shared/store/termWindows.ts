/**
 * What emerging terms are counted from: the texts of a scope's posts, an hour at a time, and the windows of the two weeks
 * before, as packed counts of hashed terms (shared/alerts/termPairs.ts). Called by workers/alerts/terms.ts.
 */
import { HOUR_MS, type TimeRange } from './buckets.ts';
import { type Filters, placeholders } from './cells.ts';
import { many, type Queryable, run } from './db.ts';
import { scopePosts } from './scopeSql.ts';

/** A post as terms are counted in it. */
export interface TermText {
  /** The beginning of the text, and the title. Offsets of entities are in it. */
  text: string;
  language: string;
  textKey: string;
  /** Thread, else author, else the post itself. */
  unit: string;
  /** Else, of articles, the source; of other posts the post itself. */
  author: string;
  entities: { entity: string; start: number; end: number }[];
}

/** The posts of a scope in a range, oldest first. Articles without an author are their source's: one paper is one voice. */
export async function readTermTexts(db: Queryable, filters: Filters, range: TimeRange): Promise<TermText[]> {
  const { values, add } = placeholders();
  const [from, to] = [`${add(range.from)}::timestamptz`, `${add(range.to)}::timestamptz`];
  const { tables, condition } = scopePosts(filters, { from, to }, add);
  return many<TermText & Record<string, unknown>>(
    db,
    `select left(p.text, 4000) || coalesce(E'\\n' || p.title, '') as text, p.language, p.text_key::text as "textKey",
       coalesce(p.site || E'\\n' || p.thread, p.author_key, 'post ' || p.post_id) as unit,
       coalesce(p.author_key, case when p.kind = 'article' then 'source ' || p.source_id else 'post ' || p.post_id end) as author,
       coalesce(e.entities, '[]') as entities
     from ${tables} left join lateral (
       select json_agg(json_build_object('entity', x.entity, 'start', x.start_at, 'end', x.end_at) order by x.start_at) as entities
       from post_entities x where x.published_at = p.published_at and x.post_id = p.post_id and x.end_at <= 4000) e on true
     where ${condition} order by p.published_at, p.post_id`,
    values,
  );
}

/**
 * Of the windows of `hours` hours that end at `ends`, those that must be counted: not there, of another version of the
 * terms (the first byte), or of other posts than the scope's hours have by now. Oldest first.
 */
export async function windowsToCount(
  db: Queryable,
  { scopeId, hours, version }: { scopeId: number; hours: number; version: number },
  ends: readonly Date[],
): Promise<Date[]> {
  const rows = await many<{ end: Date }>(
    db,
    `select e.at as end from unnest($2::timestamptz[]) as e (at)
     left join scope_term_windows w on w.scope_id = $1 and w.window_end = e.at
     left join lateral (select count(*) as hours, sum(h.n) as n from scope_hours h
       where h.scope_id = $1 and h.hour >= e.at - make_interval(hours => $3) and h.hour < e.at) s on true
     where w.window_end is null or substring(w.pairs from 1 for 1) <> $4 or (s.hours = $3 and s.n <> w.posts)
     order by 1`,
    [scopeId, ends, hours, Buffer.from([version])],
  );
  return rows.map(({ end }) => end);
}

/** Keeps a window; one that was there is replaced. `posts`: all posts of the scope in it, copies too. */
export async function saveTermWindow(
  db: Queryable,
  scopeId: number,
  window: { end: Date; posts: number; version: number; pairs: Uint8Array },
): Promise<void> {
  await run(
    db,
    `insert into scope_term_windows (scope_id, window_end, posts, pairs) values ($1, $2, $3, $4)
     on conflict (scope_id, window_end) do update set posts = excluded.posts, pairs = excluded.pairs`,
    [scopeId, window.end, window.posts, Buffer.concat([Buffer.from([window.version]), window.pairs])],
  );
}

/** Packed counts of the windows that end in [from, to), by end in ms. */
export async function readTermWindows(
  db: Queryable,
  scopeId: number,
  { from, to }: TimeRange,
): Promise<Map<number, Uint8Array>> {
  // Megabytes: as base64 they come in less than half the time that bytea takes.
  const rows = await many<{ end: Date; pairs: string }>(
    db,
    `select window_end as end, encode(pairs, 'base64') as pairs from scope_term_windows
     where scope_id = $1 and window_end >= $2 and window_end < $3 order by 1`,
    [scopeId, from, to],
  );
  return new Map(rows.map(({ end, pairs }) => [end.getTime(), Buffer.from(pairs, 'base64').subarray(1)]));
}

/** Days that windows are kept: those of the baseline, and two for hours that are looked at again. */
const KEEP_DAYS = 16;

/** Removes the windows of a scope that ended more than 16 days before `now`. */
export async function pruneTermWindows(db: Queryable, scopeId: number, now: Date): Promise<void> {
  await run(db, 'delete from scope_term_windows where scope_id = $1 and window_end < $2', [
    scopeId,
    new Date(now.getTime() - KEEP_DAYS * 24 * HOUR_MS),
  ]);
}
