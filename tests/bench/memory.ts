/**
 * Whether a worker's memory stays flat: one worker takes in posts full of words that nobody has used before, and its
 * resident memory is read at each tenth. tests/bench/run.ts calls it.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openDb } from '../../shared/store/db.ts';
import { mean, percentile, round } from './figures.ts';
import { checkAllCounted, fillQueue, rateOf, startWorkers, untilDone } from './pipeline.ts';
import { makeEvents, writeNewWords } from './posts.ts';
import { type Stage, say } from './stage.ts';

const TENTHS = 10;

export async function benchMemory(stage: Stage, posts: number): Promise<Record<string, unknown>> {
  const { url, drop } = await stage.database('bench_memory');
  const target = { driver: 'postgres', url } as const;
  const db = openDb(url, { max: 2 });
  try {
    await fillQueue(db, target, makeEvents(writeNewWords(2), posts, 'live', new Date()));
    const [worker] = await startWorkers(url, target, 1);
    if (!worker) throw new Error('no worker was started');
    const atStartMb = await residentMb(worker.pid);
    const samples: { share: number; mb: number }[] = [];
    await untilDone(db, async (share) => {
      samples.push({ share, mb: await residentMb(worker.pid) });
    });
    await worker.stop();
    await checkAllCounted(db, posts);
    const result = { posts, postsPerSecond: round(await rateOf(db, posts)), ...describe(samples, atStartMb, posts) };
    say(`memory: ${result.tenthsMb.join(' ')} MB, slope ${result.slopeMbPer100k} MB per 100,000 posts`);
    return result;
  } finally {
    await db.end();
    await drop();
  }
}

/** Of each tenth the median, since the collector lets memory go up and down by tens of MB. */
function describe(samples: readonly { share: number; mb: number }[], atStartMb: number, posts: number) {
  const tenthsMb = Array.from({ length: TENTHS }, (_, tenth) => {
    const within = samples.filter(({ share }) => Math.min(TENTHS - 1, Math.floor(share * TENTHS)) === tenth);
    return percentile(
      within.map(({ mb }) => mb),
      0.5,
    );
  });
  const later = samples.filter(({ share }) => share >= 0.5);
  const half = percentile(
    samples.filter(({ share }) => share >= 0.4 && share < 0.6).map(({ mb }) => mb),
    0.5,
  );
  return {
    tenthsMb: tenthsMb.map(round),
    maxMb: round(Math.max(...samples.map(({ mb }) => mb))),
    slopeMbPer100k: round((slope(later) / posts) * 100_000),
    reference: { atStartMb: round(atStartMb), halfwayMb: round(half) },
    /** The last tenth over the middle: 1 is flat. */
    ratio: round((tenthsMb.at(-1) ?? Number.NaN) / half),
  };
}

/** Least squares: MB that the whole of the posts would add. */
function slope(samples: readonly { share: number; mb: number }[]): number {
  const [x, y] = [mean(samples.map((s) => s.share)), mean(samples.map((s) => s.mb))];
  const over = samples.reduce((sum, s) => sum + (s.share - x) * (s.mb - y), 0);
  return over / samples.reduce((sum, s) => sum + (s.share - x) ** 2, 0);
}

/** Resident memory of a process in MB. */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  const kb = status ? /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] : await askPs(pid);
  if (kb === undefined) throw new Error('the worker has ended');
  return Number(kb) / 1024;
}

/** Where there is no /proc. */
async function askPs(pid: number): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return /\d+/.exec(stdout)?.[0];
}
