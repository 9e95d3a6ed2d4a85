/**
 * Stores the sample, the newest days first so that the first screen is of use within a second. What is not a source's own
 * is written by the same `ingest` as everything else. A load that was killed goes on where it was, with the `now` it had.
 * `sada all` calls it on an empty database, `sada demo` whenever it is asked to. Try it: tests/integration/sample.test.ts.
 */

import type { CollectedEvent, CollectedPost } from '../../shared/contracts/collected.ts';
import { AppError } from '../../shared/errors.ts';
import { type Db, inTransaction } from '../../shared/store/db.ts';
import { writeSetting } from '../../shared/store/settings.ts';
import { markHours, obtainSource, readCursor, saveCursor } from '../../shared/store/sources.ts';
import { type IngestDeps, ingest } from '../../workers/ingest.ts';
import { type Corpus, loadCorpus } from './corpus.ts';
import { generateDay } from './day.ts';
import { SAMPLE_DAYS, SAMPLE_SEED } from './generate.ts';
import { SAMPLE_SOURCES, type SampleSite } from './people.ts';
import { clearSample } from './remove.ts';
import { type DayPlan, planDays, type SampleOptions } from './rhythm.ts';
import { readSampleState, type SampleState, withSampleLock } from './state.ts';

export { removeSample } from './remove.ts';

const BATCH = 500;
/** Sparse days are loaded together until a group has so many posts, or their batches would be small. */
const GROUP_POSTS = 4_000;

export interface LoadOptions {
  /** The end of the sample: the moment of the first start. A load that goes on keeps the one it began with. */
  now: Date;
  /** Days of 24 hours; 90 unless a test wants less. */
  days?: number;
  seed?: number;
  corpus?: Corpus;
  onProgress?(done: number, total: number): void;
  /** What is done with the posts before the load counts as done; `now` is the end of the sample. May run again. */
  finish?(now: Date, signal: AbortSignal): Promise<void>;
  signal?: AbortSignal;
}

/**
 * Loads the sample or goes on with a load. Returns how many posts it has; 0 when it is loaded already.
 * Throws AppError `conflict` while another process loads or removes it, and the signal's reason when aborted.
 */
export async function loadSample(deps: IngestDeps, options: LoadOptions): Promise<{ posts: number }> {
  return withSampleLock(deps.db, async (lost) => {
    const state = await readSampleState(deps.db);
    if (state?.state === 'loaded') return { posts: 0 };
    if (state?.state === 'removing') await clearSample(deps.db, deps.zone);
    const plan = state?.state === 'loading' ? state : begin(options);
    await writeSetting(deps.db, 'sample', plan);
    const signal = AbortSignal.any([lost, ...(options.signal ? [options.signal] : [])]);
    const posts = await load(
      deps,
      options.corpus ?? loadCorpus(),
      { seed: plan.seed, now: new Date(plan.now), days: plan.days },
      signal,
      options.onProgress,
    );
    await options.finish?.(new Date(plan.now), signal);
    await writeSetting(deps.db, 'sample', { ...plan, state: 'loaded' });
    return { posts };
  });
}

function begin({ now, days, seed }: LoadOptions): Extract<SampleState, { state: 'loading' }> {
  return { state: 'loading', now: now.toISOString(), seed: seed ?? SAMPLE_SEED, days: days ?? SAMPLE_DAYS };
}

async function load(
  deps: IngestDeps,
  corpus: Corpus,
  options: SampleOptions,
  signal: AbortSignal,
  onProgress?: LoadOptions['onProgress'],
): Promise<number> {
  const lanes = new Map<SampleSite, Lane>();
  for (const { site, name } of SAMPLE_SOURCES) lanes.set(site, await openLane(deps.db, site, name));
  const plans = planDays(options);
  const total = plans.reduce((sum, plan) => sum + sizeOf(plan), 0);
  let done = 0;
  for (const group of groupsOf(plans)) {
    for (const { lane, posts, stored } of batchesOf(group, lanes, corpus, options)) {
      signal.throwIfAborted();
      if (!stored) await storeBatch(deps, lane, posts);
      done += posts.length;
      onProgress?.(done, total);
    }
    for (const lane of lanes.values()) await markGroup(deps.db, lane, group);
  }
  return done;
}

interface Batch {
  lane: Lane;
  posts: CollectedPost[];
  /** By a load that was cut. */
  stored: boolean;
}

/** The batches of some days, in order of time within each source. */
function batchesOf(
  group: readonly DayPlan[],
  lanes: ReadonlyMap<SampleSite, Lane>,
  corpus: Corpus,
  options: SampleOptions,
): Batch[] {
  const posts = group.flatMap((plan) => generateDay(corpus, options, plan)).map(({ post }) => post);
  return [...lanes].flatMap(([site, lane]) => {
    const own = posts.filter((post) => post.site === site);
    return Array.from({ length: Math.ceil(own.length / BATCH) }, (_, index): Batch => {
      lane.reached++;
      return { lane, posts: own.slice(index * BATCH, (index + 1) * BATCH), stored: lane.reached <= lane.stored };
    });
  });
}

/** A sample source; how many of its batches are stored and how many were made: their order never changes. */
interface Lane {
  sourceId: number;
  version: number;
  stored: number;
  reached: number;
}

async function openLane(db: Db, site: SampleSite, name: string): Promise<Lane> {
  const source = await inTransaction(db, (tx) =>
    obtainSource(tx, { kind: 'sample', name, site, settings: {}, keep: 'all', everyMinutes: null, sample: true }),
  );
  const at = await readCursor(db, source.id);
  const stored = (at?.cursor as { batches?: number } | null)?.batches ?? 0;
  return { sourceId: source.id, version: at?.version ?? 0, stored, reached: 0 };
}

/** Stores a batch and, in the same transaction, that it is stored: after a kill nothing is stored or counted twice. */
async function storeBatch(deps: IngestDeps, lane: Lane, posts: readonly CollectedPost[]): Promise<void> {
  const events = posts.map((post): CollectedEvent => ({ type: 'post', post }));
  const { version, stored } = lane;
  await ingest(deps, { sourceId: lane.sourceId, importId: null, keep: 'all' }, events, async (tx) => {
    const saved = await saveCursor(tx, lane.sourceId, { batches: stored + 1 }, version);
    if (saved === undefined) throw new AppError('conflict', 'The sample is being changed by another process');
    lane.version = saved;
  });
  lane.stored = stored + 1;
}

async function markGroup(db: Db, lane: Lane, group: readonly DayPlan[]): Promise<void> {
  const hours = group.flatMap((plan) => plan.hours);
  const [first, last] = [hours.at(0), hours.at(-1)];
  if (first && last) await markHours(db, lane.sourceId, new Date(first.from), new Date(last.to - 1), 'collected', null);
}

const sizeOf = (plan: DayPlan): number => plan.hours.reduce((sum, hour) => sum + hour.n, 0);

/** The newest group first; within a group the days are in order, so that batches are in order of time. */
function groupsOf(plans: readonly DayPlan[]): DayPlan[][] {
  const groups: DayPlan[][] = [];
  let size = 0;
  for (const plan of plans.toReversed()) {
    const last = groups.at(-1);
    if (last && !plan.dense && !last[0]?.dense && size < GROUP_POSTS) {
      last.unshift(plan);
      size += sizeOf(plan);
    } else {
      groups.push([plan]);
      size = sizeOf(plan);
    }
  }
  return groups;
}
