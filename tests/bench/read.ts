/**
 * How fast the dashboards' questions are answered, and whether that depends on how many posts there are: the same
 * questions in turn on a small and on a five times larger database, with a bare round trip between them.
 * tests/bench/run.ts calls it.
 */
import { resolveRange } from '../../api/range.ts';
import type { BucketSize, Dimension, Period } from '../../shared/contracts/api/common.ts';
import { PACK_TOPIC_IDS, type TOPIC_CODES } from '../../shared/contracts/words.ts';
import { readBreakdown } from '../../shared/store/breakdown.ts';
import { toFilters } from '../../shared/store/cells.ts';
import { type Db, one, openDb, type Queryable } from '../../shared/store/db.ts';
import { countPosts, listPosts } from '../../shared/store/postReads.ts';
import { readSeries } from '../../shared/store/series.ts';
import { inSnapshot } from '../../shared/store/snapshot.ts';
import { describeTimes, percentile, round, type Times, timed } from './figures.ts';
import { fillYear } from './fill.ts';
import { onClose, projectHas, type Stage, say, startRole, ZONE } from './stage.ts';

const PAGE = 20;
const WARM_UP = 5;

interface Question {
  period: Period;
  bucket?: BucketSize;
  by?: Dimension;
  topic?: (typeof TOPIC_CODES)[number];
  language?: string;
}

const SERIES: readonly [Period, BucketSize][] = [
  ['24h', 'hour'],
  ['7d', '3h'],
  ['30d', 'day'],
  ['12mo', 'week'],
];

/** All questions; the filtered ones ask for a topic that is neither the rarest nor the most frequent. */
const QUESTIONS: readonly Question[] = [
  ...SERIES.map(([period, bucket]): Question => ({ period, bucket })),
  ...SERIES.map(([period, bucket]): Question => ({ period, bucket, topic: 'energy', language: 'ary' })),
  ...(['30d', '12mo'] as const).flatMap((period) =>
    (['topic', 'language', 'source', 'label'] as const).map((by): Question => ({ period, by })),
  ),
  { period: '30d' },
  { period: '30d', topic: 'energy' },
];

function nameOf({ period, bucket, by, topic, language }: Question): string {
  const what = bucket
    ? `series ${period} by ${bucket}`
    : by
      ? `breakdown ${period} by ${by}`
      : `posts ${period}, page of 20`;
  return [what, ...(topic ? [`topic=${topic}`] : []), ...(language ? [`language=${language}`] : [])].join(', ');
}

function pathOf({ by, bucket, ...rest }: Question): string {
  const path = bucket ? '/v1/series' : by ? '/v1/breakdown' : '/v1/posts';
  const asked = Object.entries({ ...rest, ...(bucket ? { bucket } : {}), ...(by ? { by } : {}) });
  return `${path}?${new URLSearchParams(asked)}`;
}

function scopeOf({ period, topic, language }: Question, now: Date) {
  const range = resolveRange({ period }, now, '?');
  const asked = { ...(topic ? { topic: [topic] } : {}), ...(language ? { language: [language] } : {}) };
  const filters = toFilters(asked, PACK_TOPIC_IDS);
  return { zone: ZONE, range, filters, compare: false, now };
}

/** Answers as the API's handlers do; resolves with how many posts the answer is about. */
async function answer(db: Queryable, question: Question, now: Date): Promise<number> {
  const { bucket, by } = question;
  const scope = scopeOf(question, now);
  if (bucket) return (await readSeries(db, { ...scope, bucket })).total.n;
  if (by) return (await readBreakdown(db, { ...scope, by })).total.n;
  return (await listPosts(db, { ...scope, contains: undefined }, PAGE, undefined)).posts.length;
}

interface Filled {
  posts: number;
  url: string;
  db: Db;
}

/** Asks every question `runs` times on each of two databases, of sizes[0] and sizes[1] posts. */
export async function benchRead(
  stage: Stage,
  sizes: readonly [number, number],
  runs: number,
): Promise<Record<string, unknown>> {
  const now = new Date();
  const filled: Filled[] = [];
  const built: Record<string, unknown>[] = [];
  for (const posts of sizes) {
    const { url } = await stage.database(`bench_read_${posts}`);
    const db = openDb(url, { max: 2 });
    onClose(() => db.end());
    const { ms } = await timed(() => fillYear(db, posts, now));
    filled.push({ posts, url, db });
    built.push({ posts, seconds: round(ms / 1_000), ...(await describeSize(db)) });
  }
  const questions: Record<string, unknown>[] = [];
  for (const question of QUESTIONS) questions.push(await askAll(filled, question, runs, now));
  return { databases: built, questions, http: await overHttp(filled.at(-1)) };
}

async function describeSize(db: Db): Promise<Record<string, number>> {
  const row = await one<{ mb: number; hourCells: number; dayCells: number }>(
    db,
    `select pg_database_size(current_database()) / 1048576 as mb, (select count(*) from rollup_hour) as "hourCells",
       (select count(*) from rollup_day) as "dayCells"`,
  );
  return row ?? {};
}

async function askAll(
  filled: readonly Filled[],
  question: Question,
  runs: number,
  now: Date,
): Promise<Record<string, unknown>> {
  for (const { db } of filled) await checkAnswer(db, question, now);
  const times = filled.map(() => [] as number[]);
  const roundTrips: number[] = [];
  for (let i = 0; i < runs; i++) {
    for (const [index, { db }] of filled.entries()) {
      roundTrips.push((await timed(() => db.query('select 1'))).ms);
      times[index]?.push((await timed(() => inSnapshot(db, (tx) => answer(tx, question, now)))).ms);
    }
  }
  const [small, large] = times.map(describeTimes) as [Times, Times];
  const reference = describeTimes(roundTrips);
  say(`read: ${nameOf(question)}: p50 ${small.p50Ms} and ${large.p50Ms} ms, p99 ${small.p99Ms} and ${large.p99Ms} ms`);
  return {
    question: nameOf(question),
    small,
    large,
    reference: { what: 'select 1', ...reference },
    /** The goal is 1.5 at most: the time must not follow the number of posts. */
    ratio: round(large.p99Ms / small.p99Ms),
    ratioOfMedians: round(large.p50Ms / small.p50Ms),
    toReference: round(large.p99Ms / reference.p99Ms),
  };
}

/** What is answered must be what a count of the posts themselves gives. Also warms up. */
async function checkAnswer(db: Db, question: Question, now: Date): Promise<void> {
  const { range, filters } = scopeOf(question, now);
  const counted = await countPosts(db, { zone: ZONE, range, filters, contains: undefined });
  const expected = question.bucket || question.by ? counted : Math.min(PAGE, counted);
  for (let i = 0; i < WARM_UP; i++) {
    const n = await inSnapshot(db, (tx) => answer(tx, question, now));
    if (n !== expected) throw new Error(`${nameOf(question)} is about ${n} posts, where ${expected} were counted`);
  }
}

/** Fewer than the 600 requests a minute that the API allows, warm-up included. */
const HTTP_RUNS = 30;

/** The same questions as whole requests to the product's own API process. */
async function overHttp(filled: Filled | undefined): Promise<unknown> {
  if (!filled || !projectHas('api/main.ts')) return { leftOut: 'there is no api/main.ts' };
  const role = await startRole(['api/main.ts'], { DATABASE_URL: filled.url, SADA_PORT: '0' });
  const results: Record<string, unknown>[] = [];
  for (const question of QUESTIONS) {
    const times: number[] = [];
    for (let i = 0; i <= HTTP_RUNS; i++) {
      const { ms, result } = await timed(async () => {
        const response = await fetch(`${role.told.url}${pathOf(question)}`);
        return { status: response.status, body: await response.text() };
      });
      if (result.status !== 200) throw new Error(`${pathOf(question)}: ${result.status} ${result.body.slice(0, 300)}`);
      if (i > 0) times.push(ms);
    }
    results.push({ path: pathOf(question), p50Ms: round(percentile(times, 0.5)), maxMs: round(Math.max(...times)) });
  }
  await role.stop();
  return { posts: filled.posts, runs: HTTP_RUNS, questions: results };
}
