/**
 * Brings stored posts to the present model: walks those that another one scored, analyses them and moves them by the one
 * statement that counts. Cursor and counts commit with their posts, so a killed run goes on where it was.
 * `sada rescore` runs it in its own process, workers/main.ts as a job. Try it: tests/integration/rescore.test.ts.
 */
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import type { Analysis } from '../shared/contracts/analysis.ts';
import type { JobData, Queues } from '../shared/jobs.ts';
import type { Log } from '../shared/log.ts';
import type { Analyser } from '../shared/nlp/analyse.ts';
import { countWaiting } from '../shared/store/chunks.ts';
import { type Db, inTransaction, withAdvisoryLock } from '../shared/store/db.ts';
import { type Change, type KnownKey, loadRows, lockPosts, movePosts, type PostRow } from '../shared/store/posts.ts';
import {
  anyStale,
  beginRescore,
  findRescore,
  finishRescore,
  lockRescore,
  nextStale,
  noteDryRun,
  RESCORE_LOCK,
  type StalePost,
  saveRescore,
  type Tally,
  type Versions,
  type WalkPosition,
} from '../shared/store/rescores.ts';
import { bumpVersion, movedHours } from '../shared/store/version.ts';
import { addTally, difference, NOTHING, withAnalysis } from './rescored.ts';

/** Posts of one transaction. */
const BATCH = 500;
/** Texts analysed at a stretch: a process that also ingests answers in between. */
const STRETCH = 25;
/** Longest rest of the job after a batch, and longest wait for ingestion to catch up, in milliseconds. */
const REST_MS = 2_000;
const GIVE_WAY_MS = 30_000;

export interface RescoreDeps {
  db: Db;
  /** The reporting zone. */
  zone: string;
  analyser: Analyser;
  /** As of workers/prepare.ts. */
  topicIds?: ReadonlyMap<string, number>;
  /** What holds now, where terms may change meanwhile: a run with other ones ends. */
  latest?: () => Promise<Pick<RescoreDeps, 'analyser' | 'topicIds'>>;
}

export interface RescoreOptions {
  /** Ends the run after the batch that is begun. */
  signal: AbortSignal;
  /** Called after each batch with what was found since the run began, earlier processes included. */
  onProgress?: (tally: Tally) => void;
  /** Called between two batches with the time that the last one took. */
  between?: (batchMs: number) => Promise<void>;
}

/** A run of another model has taken over: this one ends, and nothing of its last batch is kept. */
export class Superseded extends Error {}

/** Terms were edited: going on would take topics away again from posts that came since. */
export class TermsChanged extends Superseded {}

/** What the analyser's results carry. */
export function versionsOf({ model, topicsVersion }: Analyser): Versions {
  return { model, topicsVersion };
}

/**
 * Works an open run off. Resolves to true when it is finished, to false when `signal` ended it. Only for whoever holds
 * RESCORE_LOCK. Throws `Superseded`.
 */
export async function runRescore(deps: RescoreDeps, id: number, options: RescoreOptions): Promise<boolean> {
  let cursor = (await findRescore(deps.db, id))?.cursor ?? null;
  // What an older process wrote behind the cursor meanwhile needs another pass; one that moves nothing is the last.
  let isWorthAnother = cursor !== null;
  while (!options.signal.aborted) {
    const startedAt = performance.now();
    if (deps.latest && (await deps.latest()).analyser !== deps.analyser) throw new TermsChanged('terms were edited');
    const posts = await nextStale(deps.db, versionsOf(deps.analyser), cursor, BATCH);
    const last = posts.at(-1);
    if (!last) {
      if (isWorthAnother && (await anyStale(deps.db, versionsOf(deps.analyser)))) {
        [cursor, isWorthAnother] = [null, false];
        continue;
      }
      await finishRescore(deps.db, id);
      return true;
    }
    cursor = { at: last.published_at, id: last.post_id };
    const tally = await commitBatch(deps, id, cursor, await analyse(deps.analyser, posts));
    isWorthAnother ||= tally.moved > 0;
    options.onProgress?.(tally);
    await options.between?.(performance.now() - startedAt);
  }
  return false;
}

/** Counts what a run would change, and writes nothing but the count. */
export async function countRescore(
  deps: RescoreDeps,
  { signal, onProgress }: Omit<RescoreOptions, 'between'>,
): Promise<Tally | undefined> {
  const startedAt = new Date();
  let total = NOTHING;
  for (let cursor: WalkPosition | null = null; ; ) {
    if (signal.aborted) return undefined;
    const posts: StalePost[] = await nextStale(deps.db, versionsOf(deps.analyser), cursor, BATCH);
    const last = posts.at(-1);
    if (!last) break;
    cursor = { at: last.published_at, id: last.post_id };
    const analysed = await analyse(deps.analyser, posts);
    total = addTally(total, compare(deps, analysed, await loadRows(deps.db, posts)).tally);
    onProgress?.(total);
  }
  await noteDryRun(deps.db, versionsOf(deps.analyser), startedAt, total);
  return total;
}

interface Analysed extends StalePost {
  analysis: Analysis;
}

async function analyse(analyser: Analyser, posts: readonly StalePost[]): Promise<Analysed[]> {
  const done: Analysed[] = [];
  for (let from = 0; from < posts.length; from += STRETCH) {
    const part = posts.slice(from, from + STRETCH);
    const inputs = part.map(({ text, language_hint }) => ({ text, languageHint: language_hint ?? undefined }));
    const analyses = analyser.analyse(inputs);
    done.push(...part.flatMap((post, i) => (analyses[i] ? [{ ...post, analysis: analyses[i] }] : [])));
    await breathe();
  }
  return done;
}

/** Posts that changed or went while they were analysed are left out: what they are now is looked at in a later pass. */
function compare(
  { analyser: { model, topicsVersion }, topicIds }: RescoreDeps,
  posts: readonly Analysed[],
  rows: ReadonlyMap<number, PostRow>,
) {
  const after = new Map<number, PostRow>();
  let tally = NOTHING;
  for (const { post_id, text, analysis } of posts) {
    const before = rows.get(post_id);
    if (!before || before.text !== text) continue;
    if (before.model === model && before.topics_version === topicsVersion) continue;
    const row = withAnalysis(before, analysis, topicIds);
    after.set(post_id, row);
    tally = addTally(tally, difference(before, row));
  }
  return { after, tally };
}

async function commitBatch(
  deps: RescoreDeps,
  id: number,
  cursor: WalkPosition,
  posts: readonly Analysed[],
): Promise<Tally & { moved: number }> {
  return inTransaction(deps.db, async (tx) => {
    const run = await lockRescore(tx, id);
    if (!run) throw new Superseded('the run was finished by another process');
    const keys = (
      await lockPosts(
        tx,
        posts.map(({ post_id }) => post_id),
      )
    ).filter((key) => !key.deleted);
    const { after, tally } = compare(deps, posts, await loadRows(tx, keys));
    const changes = keys.flatMap((key: KnownKey): Change[] => {
      const row = after.get(key.post_id);
      return row ? [{ op: 'update', key, after: row }] : [];
    });
    const moved = movedHours([await movePosts(tx, deps.zone, changes)]);
    const total = addTally(run, tally);
    await saveRescore(tx, id, cursor, total);
    if (moved) await bumpVersion(tx, { event: 'posts', payload: { rescore_id: id, ...moved } });
    return { ...total, moved: changes.length };
  });
}

export interface RescoreJobDeps extends RescoreDeps {
  log: Log;
  queues: Pick<Queues, 'add'>;
}

/** At the start of a worker: asks for a rescore when posts of an older model are there. `asked` as of beginRescore. */
export async function startRescore({ db, analyser, queues, log }: RescoreJobDeps, asked = false): Promise<void> {
  const run = await beginRescore(db, versionsOf(analyser), { asked });
  if (!run) return;
  log.info({ rescore: run.id, model: run.model, seen: run.seen }, 'posts of another model are there, rescoring them');
  await queues.add('rescore', { rescore_id: run.id }, `rescore-${run.id}`);
}

/**
 * The job. Does nothing when another process rescores, or when the run is for another program than this. When terms are
 * edited meanwhile, a run with the new ones follows.
 */
export async function rescoreJob(
  given: RescoreJobDeps,
  { rescore_id }: JobData<'rescore'>,
  signal: AbortSignal,
): Promise<void> {
  const deps = { ...given, ...(await given.latest?.()) };
  let isOutdated = false;
  const run = await findRescore(deps.db, rescore_id);
  const { model, topicsVersion } = deps.analyser;
  if (!run || run.finished_at || run.model !== model) return;
  if (run.topics_version !== topicsVersion) return given.latest && startRescore(deps); // edited while the job waited
  await withAdvisoryLock(deps.db, RESCORE_LOCK, async (lost) => {
    const ending = AbortSignal.any([signal, lost]);
    try {
      const isDone = await runRescore(deps, run.id, {
        signal: ending,
        between: (batchMs) => giveWay(deps.db, batchMs, ending),
      });
      const { seen, changed, topics_changed } = (await findRescore(deps.db, run.id)) ?? NOTHING;
      if (isDone) deps.log.info({ rescore: run.id, seen, changed, topics_changed }, 'posts rescored');
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      isOutdated = error instanceof TermsChanged;
      deps.log.info({ rescore: run.id }, 'rescore taken over by another version');
    }
  });
  if (isOutdated) await startRescore({ ...given, ...(await given.latest?.()) }, true); // a person edited the terms
}

/** Rests as long as the batch took, so that a core is shared by halves, and longer while chunks wait to be ingested. */
async function giveWay(db: Db, batchMs: number, signal: AbortSignal): Promise<void> {
  const until = Date.now() + GIVE_WAY_MS;
  await rest(Math.min(batchMs, REST_MS), signal);
  while (!signal.aborted && Date.now() < until && (await countWaiting(db)) > 0) await rest(REST_MS / 4, signal);
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // only an abort ends it early
}
