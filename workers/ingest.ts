/**
 * Ingests a batch: analyse, then one transaction with the posts, the rollups, the counts and whatever the caller commits
 * with them (a cursor, the end of a chunk). Safe to repeat: a post stored already changes nothing.
 * workers/collect.ts and workers/jobs.ts call it. Try it: tests/integration/ingest.test.ts.
 */
import type { CollectedEvent } from '../shared/contracts/collected.ts';
import { isDatabaseOutage } from '../shared/errors.ts';
import { ingestSeconds } from '../shared/metrics.ts';
import { quarantine } from '../shared/store/chunks.ts';
import { type Db, inTransaction, type Tx } from '../shared/store/db.ts';
import { ensurePartitions, forgetPartitions } from '../shared/store/partitions.ts';
import {
  type Change,
  type KnownKey,
  keyOf,
  knownKeys,
  loadRows,
  lockKeys,
  lockPosts,
  type Moved,
  markSeen,
  movePosts,
  type PostRow,
  postsOfAuthor,
  rememberDeleted,
} from '../shared/store/posts.ts';
import { addCounts } from '../shared/store/sources.ts';
import { bumpVersion, movedHours } from '../shared/store/version.ts';
import { contentHash, type Origin, type PrepareDeps, type Prepared, prepare } from './prepare.ts';

export interface IngestDeps extends PrepareDeps {
  db: Db;
  /** The reporting zone, whose local days rollup_day counts. */
  zone: string;
  /** Asked before each batch, where terms may change meanwhile: what it gives is used instead. */
  latest?: () => Promise<Pick<PrepareDeps, 'analyser' | 'topicIds'>>;
}

/** How many events came to which end: added, seen, edited, stale, unchanged, deleted, off_topic, empty, quarantined. */
export type Outcomes = Record<string, number>;

/** Runs in the transaction of the posts; whatever it throws rolls them back. */
export type AlsoCommit = (tx: Tx, outcomes: Outcomes) => Promise<void>;

/** A post that was known a moment ago has been taken back or deleted since: the batch is looked at afresh. */
class Vanished extends Error {}

/** Stores a batch of one source. Resolves when it is committed; `also` is committed with it or not at all. */
export async function ingest(
  deps: IngestDeps,
  origin: Origin,
  events: readonly CollectedEvent[],
  also: AlsoCommit,
): Promise<Outcomes> {
  for (;;) {
    try {
      return await ingestOnce(deps, origin, events, also);
    } catch (error) {
      if (!(error instanceof Vanished)) throw error;
    }
  }
}

async function ingestOnce(
  deps: IngestDeps,
  origin: Origin,
  events: readonly CollectedEvent[],
  also: AlsoCommit,
): Promise<Outcomes> {
  const endAnalyse = ingestSeconds.startTimer({ step: 'analyse' });
  const known = await knownKeys(
    deps.db,
    events.flatMap((event) => (event.type === 'post' ? [event.post] : [])),
  );
  const fresh = events.filter((event) => event.type !== 'post' || !known.has(keyOf(event.post)));
  const prepared = prepare({ ...deps, ...(await deps.latest?.()) }, origin, fresh, new Date());
  endAnalyse();
  const endStore = ingestSeconds.startTimer({ step: 'store' });
  const outcomes = await withPartitions(deps.db, prepared, () =>
    inTransaction(deps.db, async (tx) => {
      const done: Outcomes = { seen: events.length - fresh.length };
      const sighted = await lockPosts(tx, [...known.values()]);
      if (sighted.length < known.size || sighted.some((key) => key.deleted)) throw new Vanished();
      await markSeen(
        tx,
        sighted.map((key) => key.post_id),
        origin.sourceId,
        origin.importId,
      );
      const moves: Moved[] = [];
      await storeOrBisect(tx, deps, origin, prepared, done, moves);
      await addCounts(tx, origin.sourceId, done);
      await also(tx, done);
      const moved = movedHours(moves);
      if (moved) await bumpVersion(tx, { event: 'posts', payload: { source_id: origin.sourceId, ...moved } });
      return done;
    }),
  );
  endStore();
  return outcomes;
}

async function withPartitions<T>(db: Db, prepared: readonly Prepared[], work: () => Promise<T>): Promise<T> {
  const instants = prepared.flatMap((item) => (item.do === 'put' ? [item.row.published_at] : []));
  await ensurePartitions(db, instants);
  try {
    return await work();
  } catch (error) {
    // Retention dropped a month that this process believed to be there.
    if (!(error instanceof Error && /no partition of relation/.test(error.message))) throw error;
    forgetPartitions(db);
    await ensurePartitions(db, instants);
    return work();
  }
}

/** Postgres refuses such a statement whatever the posts in it are: splitting the batch would blame them for it. */
function isNotThePostsFault(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (
    isDatabaseOutage(error) || /^(40|25|42|53|55|57|58|XX)/.test(code) || /no partition of relation/.test(String(error))
  );
}

/** Stores a batch; when a post of it cannot be stored, halves find that one and put it in quarantine. */
async function storeOrBisect(
  tx: Tx,
  deps: IngestDeps,
  origin: Origin,
  prepared: readonly Prepared[],
  outcomes: Outcomes,
  moves: Moved[],
): Promise<void> {
  if (prepared.length === 0) return;
  await tx.query('savepoint batch');
  const attempt: Outcomes = {};
  try {
    await store(tx, deps.zone, origin, prepared, attempt, moves);
    await tx.query('release savepoint batch');
  } catch (error) {
    if (isNotThePostsFault(error)) throw error;
    await tx.query('rollback to savepoint batch');
    const [first] = prepared;
    if (prepared.length === 1 && first && first.do !== 'drop') {
      await quarantine(
        tx,
        origin.sourceId,
        origin.importId,
        first.event,
        error instanceof Error ? error.message : String(error),
      );
      outcomes.quarantined = (outcomes.quarantined ?? 0) + 1;
      return;
    }
    const middle = Math.ceil(prepared.length / 2);
    await storeOrBisect(tx, deps, origin, prepared.slice(0, middle), outcomes, moves);
    await storeOrBisect(tx, deps, origin, prepared.slice(middle), outcomes, moves);
    return;
  }
  for (const [outcome, n] of Object.entries(attempt)) outcomes[outcome] = (outcomes[outcome] ?? 0) + n;
}

/** Rounds of distinct identities, in order: a page may hold a post, its edit and its deletion. */
async function store(
  tx: Tx,
  zone: string,
  origin: Origin,
  prepared: readonly Prepared[],
  outcomes: Outcomes,
  moves: Moved[],
): Promise<void> {
  let rest = prepared;
  while (rest.length > 0) {
    const round: Prepared[] = [];
    const later: Prepared[] = [];
    const taken = new Set<string>();
    for (const item of rest) {
      const key = item.do === 'put' ? keyOf(item.row) : item.do === 'delete' ? keyOf(item) : undefined;
      // The end of an account touches posts that no key here names: it has a round of its own.
      const alone = item.do === 'delete_author' ? round.length > 0 : round.at(-1)?.do === 'delete_author';
      if (later.length > 0 || alone || (key !== undefined && taken.has(key))) later.push(item);
      else {
        round.push(item);
        if (key !== undefined) taken.add(key);
      }
    }
    const raced = await storeRound(tx, zone, origin, round, outcomes, moves);
    rest = [...raced, ...later];
  }
}

async function storeRound(
  tx: Tx,
  zone: string,
  origin: Origin,
  round: readonly Prepared[],
  outcomes: Outcomes,
  moves: Moved[],
): Promise<Prepared[]> {
  const count = (outcome: string, n = 1) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + n;
  };
  const named = round.flatMap((item): { site: string; external_id: string }[] =>
    item.do === 'put' ? [item.row] : item.do === 'delete' ? [item] : [],
  );
  const keys = await lockKeys(tx, named);
  const edits = round.flatMap((item) => (item.do === 'put' && item.edit ? liveKey(keys, item.row) : []));
  const before = await loadRows(tx, edits);
  const changes: Change[] = [];
  const inserts = new Map<string, Prepared>();
  const seen: number[] = [];
  const unknown: { site: string; external_id: string }[] = [];
  for (const item of round) {
    if (item.do === 'drop') count(item.outcome);
    else if (item.do === 'delete_author') {
      const doomed = await lockPosts(tx, await postsOfAuthor(tx, item.site, item.authorKey));
      changes.push(...doomed.map((key): Change => ({ op: 'delete', key })));
      count('deleted', doomed.length);
    } else if (item.do === 'delete') {
      const key = keys.get(keyOf(item));
      if (!key) unknown.push(item);
      else if (!key.deleted) changes.push({ op: 'delete', key });
      count(key && !key.deleted ? 'deleted' : 'unchanged');
    } else {
      const key = keys.get(keyOf(item.row));
      if (!key) {
        changes.push({ op: 'insert', after: item.row });
        inserts.set(keyOf(item.row), item);
      } else if (key.deleted) count('stale');
      else {
        seen.push(key.post_id);
        const edited = item.edit ? editOf(key, before.get(key.post_id), item.row) : 'seen';
        if (typeof edited === 'string') count(edited);
        else {
          changes.push(edited);
          count('edited');
        }
      }
    }
  }
  await rememberDeleted(tx, unknown);
  const moved = await movePosts(tx, zone, changes);
  await markSeen(tx, seen, origin.sourceId, origin.importId);
  moves.push(moved);
  count('added', moved.inserted.size);
  // Another transaction brought the same post in between: now it is known, and is looked at again as such.
  return [...inserts].flatMap(([key, item]) => (moved.inserted.has(key) ? [] : [item]));
}

function liveKey(keys: ReadonlyMap<string, KnownKey>, row: PostRow): KnownKey[] {
  const key = keys.get(keyOf(row));
  return key && !key.deleted ? [key] : [];
}

/** What an edit changes: text and analysis. People's labels, exclusions and provenance stay. */
function editOf(key: KnownKey, before: PostRow | undefined, after: PostRow): Change | 'stale' | 'seen' {
  if (!before) return 'stale'; // its month has expired: nothing is left to edit
  if (before.text === after.text && before.title === after.title) return 'seen';
  if (before.edited_at && after.edited_at && Date.parse(after.edited_at) < Date.parse(before.edited_at)) return 'stale';
  if (before.edited_at && !after.edited_at) return 'stale';
  const human = new Map(before.topics.map((topic) => [topic.topic, topic.human_label]));
  return {
    op: 'update',
    key,
    oldHash: contentHash(before),
    after: {
      ...after,
      kind: before.kind,
      source_id: before.source_id,
      import_id: before.import_id,
      thread: before.thread ?? after.thread,
      author_key: before.author_key ?? after.author_key,
      author_name: before.author_name ?? after.author_name,
      revision: before.revision + 1,
      human_label: before.human_label,
      excluded_at: before.excluded_at,
      topics: after.topics.map((topic) => ({ ...topic, human_label: human.get(topic.topic) ?? null })),
    },
  };
}
