/**
 * How fast posts come in: chunks that wait, through the queue and real workers, until posts and numbers are committed.
 * Beside each run the two things that no pipeline can beat, measured right before and right after it.
 * tests/bench/run.ts calls it.
 */
import type { QueueTarget } from '../../shared/config.ts';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { openDb } from '../../shared/store/db.ts';
import { mean, round } from './figures.ts';
import { CHUNK, checkAllCounted, fillQueue, rateOf, startWorkers, untilDone } from './pipeline.ts';
import { makeEvents, SHAPES, type Shape, writeTexts } from './posts.ts';
import { prepareReferences, type References } from './references.ts';
import { type Stage, say } from './stage.ts';

const QUEUES = ['postgres', 'redis'] as const;
type QueueName = (typeof QUEUES)[number];

/** Ingests `posts` posts of each shape through each queue, by one and by two workers. */
export async function benchIngest(stage: Stage, posts: number): Promise<Record<string, unknown>> {
  const hasRedis = (await stage.redis()) !== undefined;
  if (!hasRedis) say('ingest: no redis-server on the PATH, that queue is left out');
  const queues = QUEUES.filter((queue) => queue === 'postgres' || hasRedis);
  const shapes: Record<string, unknown> = {};
  for (const shape of SHAPES) shapes[shape] = await measureShape(stage, shape, posts, queues);
  return { posts, postsPerChunk: CHUNK, ...shapes };
}

async function measureShape(stage: Stage, shape: Shape, posts: number, queues: readonly QueueName[]) {
  const events = makeEvents(writeTexts(1), posts, shape, new Date());
  const measureReferences = prepareReferences(stage, events);
  await measureReferences(); // warms up
  let before = await measureReferences();
  const runs: ReturnType<typeof compare>[] = [];
  for (const queue of queues) {
    for (const workers of [1, 2]) {
      const rate = await runPipeline(stage, queue, workers, events);
      const after = await measureReferences();
      const run = compare({ queue, workers }, rate, [before, after]);
      say(`ingest: ${shape}: ${JSON.stringify(run)}`);
      runs.push(run);
      before = after;
    }
  }
  return runs;
}

/** The ratio is what counts: the goal is 0.5 of the slower reference. */
function compare(run: { queue: QueueName; workers: number }, rate: number, around: readonly References[]) {
  const scorer = mean(around.map((references) => references.scorer));
  const insert = mean(around.map((references) => references.insert));
  return {
    ...run,
    postsPerSecond: round(rate),
    bareScorer: round(scorer),
    bareInsert: round(insert),
    ratio: round(rate / Math.min(scorer, insert)),
  };
}

/** Posts a second end to end. Throws when one is lost or counted wrongly. */
async function runPipeline(
  stage: Stage,
  queue: QueueName,
  workers: number,
  events: readonly CollectedEvent[],
): Promise<number> {
  const { url, drop } = await stage.database('bench_ingest');
  const target = await targetOf(stage, queue, url);
  const db = openDb(url, { max: 2 });
  try {
    await fillQueue(db, target, events);
    const roles = await startWorkers(url, target, workers);
    await untilDone(db);
    for (const role of roles) await role.stop();
    await checkAllCounted(db, events.length);
    return await rateOf(db, events.length);
  } finally {
    await db.end();
    await drop();
  }
}

async function targetOf(stage: Stage, queue: QueueName, databaseUrl: string): Promise<QueueTarget> {
  const redis = queue === 'redis' ? await stage.redis() : undefined;
  return redis ? { driver: 'redis', url: redis } : { driver: 'postgres', url: databaseUrl };
}
