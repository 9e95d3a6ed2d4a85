/**
 * The data version: one counter that every transaction raises as its last act, under a row lock, so that versions become
 * visible in the order of their commits. ETags and SSE ids come from it; max(id) would skip a slow transaction for ever.
 */
import { type Db, inTransaction, many, one, type Queryable, run, type Tx } from './db.ts';
import { MOST_HOURS } from './moveSql.ts';
import type { Moved } from './posts.ts';

/** What a version changed: which hours of which sources, or one of the other kinds of news. */
export interface DataEvent {
  event: 'posts' | 'source' | 'import' | 'topics' | 'alert';
  payload: Record<string, unknown>;
}

export interface LoggedEvent extends DataEvent {
  version: number;
  at: Date;
}

/** Raises the version and logs what changed. Call it last in the transaction: the lock lasts until the commit. */
export async function bumpVersion(tx: Tx, news: DataEvent): Promise<number> {
  const row = await one<{ version: number }>(
    tx,
    `with bumped as (update data_version set version = version + 1 returning version)
     insert into data_log (version, event, payload) select version, $1, $2 from bumped returning version`,
    [news.event, JSON.stringify(news.payload)],
  );
  if (!row) throw new Error('data_version has no row: the migrations did not run');
  return row.version;
}

/**
 * What a transaction's moves changed, as the payload of an event `posts`; undefined when no number moved. `from` and `to`
 * are the first and the last UTC hour. `hours` has each of them, and is not there when they are many.
 */
export function movedHours(moves: readonly Moved[]): Record<string, unknown> | undefined {
  const moved = moves.filter((move) => move.fromHour && move.toHour);
  if (moved.length === 0) return undefined;
  const at = (choose: (...values: number[]) => number, end: 'fromHour' | 'toHour') =>
    new Date(choose(...moved.map((move) => Number(move[end])))).toISOString();
  const span = {
    n: moved.reduce((sum, move) => sum + move.n, 0),
    from: at(Math.min, 'fromHour'),
    to: at(Math.max, 'toHour'),
  };
  if (moved.some((move) => !move.hours)) return span;
  const hours = [...new Set(moved.flatMap((move) => move.hours?.map((hour) => hour.toISOString()) ?? []))];
  return hours.length > MOST_HOURS ? span : { ...span, hours: hours.toSorted() };
}

/** Raises the version for news that has no transaction of its own. */
export async function noteEvent(db: Db, news: DataEvent): Promise<void> {
  await inTransaction(db, (tx) => bumpVersion(tx, news));
}

/** The version of what is visible now. Read it before the data: then a cached answer is never newer than its tag. */
export async function readVersion(db: Queryable): Promise<number> {
  const row = await one<{ version: number }>(db, 'select version from data_version');
  return row?.version ?? 0;
}

/** Events after a version, oldest first, at most `limit`, without their lists of hours. Empty when there is nothing new. */
export async function readEvents(db: Queryable, after: number, limit: number): Promise<LoggedEvent[]> {
  return many<LoggedEvent & { [key: string]: unknown }>(
    db,
    `select version, at, event, payload - 'hours' as payload from data_log where version > $1 order by version limit $2`,
    [after, limit],
  );
}

/** The oldest version still in the log: a reader that asks for an older one missed something and must reload. */
export async function oldestLogged(db: Queryable): Promise<number | undefined> {
  const row = await one<{ version: number | null }>(db, 'select min(version) as version from data_log');
  return row?.version ?? undefined;
}

/** Forgets log entries older than `hours`. Returns how many. */
export async function pruneLog(db: Queryable, hours: number): Promise<number> {
  return run(db, `delete from data_log where at < now() - make_interval(hours => $1)`, [hours]);
}
