/**
 * Runs that bring stored posts to another model: which posts wait, where a run stands, what it found so far. A run's row
 * is locked and moved in the transaction of the posts that it counts. workers/rescore.ts does the work; the CLI shows it.
 */
import { type Db, inTransaction, many, one, type Queryable, run, type Tx } from './db.ts';
import { topicsRevision } from './topics.ts';

/** What decides a result: posts that carry other ones wait for a rescore. */
export interface Versions {
  model: string;
  topicsVersion: string;
}

/** What a run has found so far. */
export interface Tally {
  /** Posts analysed anew. */
  seen: number;
  /** Posts whose label is another one now. */
  changed: number;
  /** Posts with other topics, or with another label of a topic. */
  topics_changed: number;
  /** Changed labels: `{ 'neutral>positive': 12 }`. */
  labels: Record<string, number>;
}

/** The last post looked at. `at` has microseconds, which a Date would lose. */
export interface WalkPosition {
  at: string;
  id: number;
}

export interface RescoreRun extends Tally {
  id: number;
  model: string;
  topics_version: string;
  finished_at: Date | null;
  cursor: WalkPosition | null;
}

/** A post that waits for a rescore. */
export interface StalePost {
  post_id: number;
  /** As text, with microseconds. */
  published_at: string;
  text: string;
  language_hint: string | null;
}

/** Held by the one process that rescores. */
export const RESCORE_LOCK = 'sada.rescore';

const COLUMNS = `id, model, topics_version, finished_at, seen, changed, topics_changed, labels,
  case when cursor_at is not null then json_build_object('at', cursor_at::text, 'id', cursor_id) end as cursor`;

// As two ranges the index is enough: of posts that are all up to date it reads nothing. An erased text is not analysed.
const STALE = `((model, topics_version) < ($1, $2) or (model, topics_version) > ($1, $2)) and text <> ''`;

/** How many posts another model or taxonomy has scored. Posts without a text keep what they have and do not count. */
export async function countStale(db: Queryable, { model, topicsVersion }: Versions): Promise<number> {
  const row = await one<{ n: number }>(db, `select count(*) as n from posts where ${STALE}`, [model, topicsVersion]);
  return row?.n ?? 0;
}

/** True when at least one post waits. */
export async function anyStale(db: Queryable, { model, topicsVersion }: Versions): Promise<boolean> {
  return (await one(db, `select 1 from posts where ${STALE} limit 1`, [model, topicsVersion])) !== undefined;
}

/** The next posts that wait, in the order of (published_at, post_id), at most `limit`. */
export async function nextStale(
  db: Queryable,
  { model, topicsVersion }: Versions,
  after: WalkPosition | null,
  limit: number,
): Promise<StalePost[]> {
  return many<StalePost & Record<string, unknown>>(
    db,
    `select post_id, p.published_at::text as published_at, text, language_hint from posts p
     where (model <> $1 or topics_version <> $2) and text <> ''
       and p.published_at >= $3::timestamptz and (p.published_at, post_id) > ($3::timestamptz, $4::bigint)
     order by p.published_at, post_id limit $5`,
    [model, topicsVersion, after?.at ?? '-infinity', after?.id ?? 0, limit],
  );
}

/**
 * The run to go on with: an open one of these versions, or a new one, when posts wait. `asked` is a person's wish. At a
 * start (`asked` false) a program that a newer one has replaced gets none, or the two would rescore in turns; the first
 * start of every model leaves a run, even an empty one, from which that is known.
 */
export async function beginRescore(
  db: Db,
  versions: Versions,
  { asked }: { asked: boolean },
): Promise<RescoreRun | undefined> {
  return inTransaction(db, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('${RESCORE_LOCK}.begin', 0))`);
    const { model, topicsVersion } = versions;
    const mine = [model, topicsVersion];
    const isMine = (row: RescoreRun) => row.model === model && row.topics_version === topicsVersion;
    const latest = await one<RescoreRun & { topics_revision: number } & Record<string, unknown>>(
      tx,
      `select ${COLUMNS}, topics_revision from rescores where not dry_run order by id desc limit 1`,
    );
    if (latest && isMine(latest) && latest.finished_at === null) return latest;
    const revision = await topicsRevision(tx);
    const known = await one<{ model: boolean; both: boolean }>(
      tx,
      `select count(*) > 0 as model, count(*) filter (where topics_version = $2) > 0 as both
       from rescores where not dry_run and model = $1`,
      mine,
    );
    if (!asked && latest && !isMine(latest)) {
      // With the same model it is another taxonomy: of another program, unless people have edited terms since.
      const isReplaced = latest.model === model ? known?.both && latest.topics_revision === revision : known?.model;
      if (isReplaced) return undefined;
    }
    if (!(await anyStale(tx, versions))) {
      const insert = `insert into rescores (model, topics_version, topics_revision, finished_at) values ($1, $2, $3, now())`;
      if (!known?.both) await run(tx, insert, [...mine, revision]);
      return undefined;
    }
    // A run of another model ends here: its process finds its row finished at its next batch.
    await run(tx, 'update rescores set finished_at = now() where finished_at is null');
    return one<RescoreRun & Record<string, unknown>>(
      tx,
      `insert into rescores (model, topics_version, topics_revision) values ($1, $2, $3) returning ${COLUMNS}`,
      [...mine, revision],
    );
  });
}

/** A run by its id. */
export async function findRescore(db: Queryable, id: number): Promise<RescoreRun | undefined> {
  return one<RescoreRun & Record<string, unknown>>(db, `select ${COLUMNS} from rescores where id = $1`, [id]);
}

/** The id of the run that is not finished, if there is one. */
export async function openRescore(db: Queryable): Promise<number | undefined> {
  return (await one<{ id: number }>(db, 'select id from rescores where finished_at is null'))?.id;
}

/** Locks an open run for the length of the transaction; undefined when it is finished. */
export async function lockRescore(tx: Tx, id: number): Promise<RescoreRun | undefined> {
  return one<RescoreRun & Record<string, unknown>>(
    tx,
    `select ${COLUMNS} from rescores where id = $1 and finished_at is null for update`,
    [id],
  );
}

/** Writes where a run stands, in the transaction of the posts. */
export async function saveRescore(tx: Tx, id: number, cursor: WalkPosition, tally: Tally): Promise<void> {
  await run(
    tx,
    `update rescores set cursor_at = $2, cursor_id = $3, seen = $4, changed = $5, topics_changed = $6, labels = $7
     where id = $1`,
    [id, cursor.at, cursor.id, tally.seen, tally.changed, tally.topics_changed, JSON.stringify(tally.labels)],
  );
}

/** Ends a run. */
export async function finishRescore(db: Queryable, id: number): Promise<void> {
  await run(db, 'update rescores set finished_at = now() where id = $1 and finished_at is null', [id]);
}

/** Keeps what a dry run counted. */
export async function noteDryRun(db: Queryable, versions: Versions, startedAt: Date, tally: Tally): Promise<void> {
  await run(
    db,
    `insert into rescores (model, topics_version, dry_run, started_at, finished_at, seen, changed, topics_changed, labels)
     values ($1, $2, true, $3, now(), $4, $5, $6, $7)`,
    [
      versions.model,
      versions.topicsVersion,
      startedAt,
      tally.seen,
      tally.changed,
      tally.topics_changed,
      JSON.stringify(tally.labels),
    ],
  );
}
