/**
 * Kills processes of a running Sada at random moments while feeds are collected, a file is imported and posts are
 * pushed, then counts: every post once, rollups equal to a recount. Shared by tests/e2e/kill.test.ts (5 rounds a driver)
 * and `npm run soak` (30).
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPostgres } from '../../infra/postgres/launcher.ts';
import { one } from '../../shared/store/db.ts';
import { wrongCells } from './builders.ts';
import { startRedis, type TestRedis, until } from './drivers.ts';
import { startFeedServer } from './feedServer.ts';
import { type RunningSada, runCli, sadaEnvironment, startSada } from './sada.ts';

const FEEDS = 3;
const ROWS = 4_000;
const PUSHED = 40;

export interface KillReport {
  seed: number;
  kills: string[];
  expected: number;
  posts: number;
  counted: number;
  wrong: Record<string, unknown>[];
}

/** A small seeded generator, so that a failure can be repeated from the printed seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs the rounds and reports what is there at the end. */
export async function killAtRandom(
  driver: 'postgres' | 'redis',
  rounds: number,
  seed: number,
  say: (line: string) => void = () => undefined,
): Promise<KillReport> {
  const next = random(seed);
  const redis: TestRedis | undefined = driver === 'redis' ? await startRedis() : undefined;
  const feeds = await startFeedServer(FEEDS);
  const env = { FETCH_ALLOW_PRIVATE: feeds.host, ...(redis ? { REDIS_URL: redis.url } : {}) };
  const sada = await startSada(env);
  const kills: string[] = [];
  try {
    const sources = await addFeeds(sada, feeds.url);
    const file = join(sada.dataDir, 'import.tsv');
    await writeFile(file, importFile(seed));
    const importing = importUntilDone(sada, env, file, next, kills);
    const pushing = pushUntilDone(sada, seed);
    for (let round = 1; round <= rounds; round++) {
      for (let feed = 0; feed < FEEDS; feed++) feeds.publish(feed, 1 + Math.floor(next() * 60));
      await Promise.all(sources.map((id) => post(sada, `/v1/sources/${id}/run`, {})));
      await sleep(next() * 1_500);
      const victims = ['worker', 'api', 'postgres', ...(redis ? ['redis'] : [])] as const;
      const victim = victims[(round - 1) % victims.length] ?? 'worker';
      if (victim === 'redis') {
        await redis?.kill();
        await sleep(next() * 500);
        await redis?.start();
      } else await until(`a ${victim} to kill`, () => sada.kill(victim as 'worker' | 'api' | 'postgres'));
      kills.push(victim);
      say(`round ${round}: killed ${victim}`);
      await sleep(next() * 1_500);
    }
    await Promise.all([importing, pushing]);
    const expected = feeds.published() + ROWS + PUSHED;
    await settle(sada, sources, expected);
    const counted = await one<{ posts: number; counted: number }>(
      sada.db,
      `select (select count(*) from posts) as posts, (select coalesce(sum(n), 0)::bigint from rollup_hour where topic = 0) as counted`,
    );
    return {
      seed,
      kills,
      expected,
      posts: counted?.posts ?? -1,
      counted: counted?.counted ?? -1,
      wrong: await wrongCells(sada.db),
    };
  } catch (error) {
    throw new Error(
      `seed ${seed}, kills ${kills.join(' ')}: ${error instanceof Error ? error.message : String(error)}\n${sada.output().slice(-6_000)}`,
    );
  } finally {
    await sada.remove();
    await feeds.close();
    await redis?.stop();
  }
}

async function post(
  sada: RunningSada,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response | undefined> {
  try {
    return await fetch(`${sada.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    return undefined; // the API is being killed: the caller tries again
  }
}

async function addFeeds(sada: RunningSada, url: (feed: number) => string): Promise<string[]> {
  const ids: string[] = [];
  for (let feed = 0; feed < FEEDS; feed++) {
    const answer = await post(sada, '/v1/sources', {
      kind: 'feed',
      url: url(feed),
      name: `feed ${feed}`,
      keep: 'all',
      every_minutes: 1,
    });
    if (answer?.status !== 201) throw new Error(`a source was not added: ${answer?.status} ${await answer?.text()}`);
    ids.push(String(((await answer.json()) as { id: unknown }).id));
  }
  return ids;
}

function importFile(seed: number): string {
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const date = new Date(Date.UTC(2026, 9, 1 + (i % 40), i % 24, i % 60)).toISOString();
    const word = createHash('sha256').update(`${seed}-${i}`).digest('hex').slice(0, 8);
    return `row-${i}\t${date}\tThe new cloud region is ${i % 3 ? 'great' : 'a terrible failure'} for jobs, says ${word}.`;
  });
  return `id\tdate\ttext\n${rows.join('\n')}\n`;
}

/** Starts the import again after each kill, as a person would, until it says that it is done. */
async function importUntilDone(
  sada: RunningSada,
  env: Record<string, string>,
  file: string,
  next: () => number,
  kills: string[],
): Promise<void> {
  const environment = sadaEnvironment(sada.dataDir, env);
  for (let attempt = 0; attempt < 40; attempt++) {
    const killed = attempt < 3;
    const result = await runCli(['import', file, '--site', 'import.ma'], environment, (child) => {
      if (killed) setTimeout(() => child.kill('SIGKILL'), 1_500 + next() * 4_000);
    });
    if (result.code === 0) return;
    if (result.signal === 'SIGKILL') kills.push('import');
    await until('Postgres to be back', () => findPostgres(join(sada.dataDir, 'postgres')), 60_000);
  }
  throw new Error('the import did not end in 40 attempts');
}

/** Pushes with an Idempotency-Key each, and repeats what was not answered. */
async function pushUntilDone(sada: RunningSada, seed: number): Promise<void> {
  for (let i = 0; i < PUSHED; i++) {
    const body = {
      posts: [
        {
          site: 'push.ma',
          external_id: `p${i}`,
          text: `Pushed post ${i}: water and energy for data centers`,
          published_at: '2026-11-20T10:00:00Z',
        },
      ],
    };
    await until(
      `push ${i}`,
      async () => (await post(sada, '/v1/posts', body, { 'idempotency-key': `${seed}-${i}` }))?.status === 202,
      90_000,
    );
    await sleep(50);
  }
}

async function settle(sada: RunningSada, sources: readonly string[], expected: number): Promise<void> {
  let asked = 0;
  await until(
    `${expected} posts`,
    async () => {
      if (Date.now() - asked > 3_000) {
        asked = Date.now();
        await Promise.all(sources.map((id) => post(sada, `/v1/sources/${id}/run`, {})));
      }
      const row = await one<{ posts: number; waiting: number }>(
        sada.db,
        `select (select count(*) from posts) as posts,
           (select count(*) from import_chunks where state = 'waiting') + (select count(*) from inbox where state = 'waiting') as waiting`,
      );
      return row !== undefined && row.posts >= expected && row.waiting === 0;
    },
    120_000,
  );
}
