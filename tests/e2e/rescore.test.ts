/** `sada rescore` killed without a word goes on where it was, and a start brings older posts up to date by itself. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, many, one, withAdvisoryLock } from '../../shared/store/db.ts';
import { beginRescore, countStale, finishRescore, RESCORE_LOCK } from '../../shared/store/rescores.ts';
import { countRescore, runRescore, versionsOf } from '../../workers/rescore.ts';
import { ingestDeps, wrongCells } from '../helpers/builders.ts';
import { TEST_SECRET } from '../helpers/databases.ts';
import { expect, test } from '../helpers/db.ts';
import { until } from '../helpers/drivers.ts';
import { storeOld } from '../helpers/oldPosts.ts';
import { runCli, sadaEnvironment, startSada } from '../helpers/sada.ts';

const POSTS = 6_000;
const never = new AbortController().signal;
const depsOf = (db: Db) => ({ db, zone: 'Africa/Casablanca', analyser: ingestDeps(db).analyser });
const RUN = 'select seen, changed, topics_changed, labels from rescores where not dry_run order by id';

async function inFolder(url: string, work: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sada-rescore-'));
  try {
    await work(sadaEnvironment(folder, { DATABASE_URL: url, SADA_SECRET: TEST_SECRET }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('a rescore that is killed goes on with the same command; dry run, summary, status and database agree', async ({
  db,
  url,
}) => {
  await storeOld(db, POSTS);
  const { model } = ingestDeps(db).analyser;
  await inFolder(url, async (env) => {
    const waiting = async () => {
      const [names = '', values = ''] = (await runCli(['status'], env)).stdout.split('\n');
      return Number(values.slice(names.indexOf('waiting rescore')).split(' ')[0]);
    };
    expect(await waiting()).toBe(POSTS);
    const dry = await runCli(['rescore', '--dry-run'], env);
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout).toMatch(new RegExp(`^dry run, nothing written: ${POSTS} posts seen, \\d+ labels changed`));
    expect(await countStale(db, versionsOf(ingestDeps(db).analyser))).toBe(POSTS);
    let child: ChildProcess | undefined;
    const killed = runCli(['rescore'], env, (started) => {
      child = started;
    });
    await until('two batches', () => one(db, 'select 1 from rescores where not dry_run and seen >= 1000'), 90_000);
    child?.kill('SIGKILL');
    expect((await killed).signal).toBe('SIGKILL');
    const half = await one<{ seen: number }>(db, RUN);
    expect(half?.seen).toBeGreaterThanOrEqual(1_000);
    expect(half?.seen).toBeLessThan(POSTS);
    expect(await wrongCells(db)).toEqual([]);
    const rest = await runCli(['rescore'], env);
    expect(rest.code, rest.stderr).toBe(0);
    expect(`dry run, nothing written: ${rest.stdout}`).toBe(dry.stdout);
    expect(rest.stderr).toMatch(new RegExp(`rescoring: \\d+ of ${POSTS} posts`));
    expect(await many(db, 'select model, count(*) as n from posts group by 1')).toEqual([{ model, n: POSTS }]);
    expect(await wrongCells(db)).toEqual([]);
    const again = await runCli(['rescore'], env);
    expect(again.stdout).toBe(`every post is scored by ${model} already: nothing to do\n`);
    expect(await many(db, RUN)).toHaveLength(1);
    expect(await waiting()).toBe(0);
  });
});

test('while another process rescores, the command shows its progress and starts no second run', async ({ db, url }) => {
  await storeOld(db, 1_200);
  const deps = depsOf(db);
  const begun = await beginRescore(db, versionsOf(deps.analyser), { asked: true });
  const id = begun?.id ?? 0;
  await inFolder(url, async (env) => {
    let output = '';
    let watching: ReturnType<typeof runCli> | undefined;
    await withAdvisoryLock(db, RESCORE_LOCK, async () => {
      watching = runCli(['rescore'], env, (child) => {
        child.stderr?.on('data', (data: Buffer) => {
          output += data.toString();
        });
      });
      await until('the command to see the other process', async () => output.includes('another process'), 90_000);
      expect(await one(db, RUN)).toMatchObject({ seen: 0 });
      expect(await runRescore(deps, id, { signal: never })).toBe(true);
    });
    const watched = await watching;
    expect(watched?.code, watched?.stderr).toBe(0);
    expect(watched?.stdout).toMatch(/^1200 posts seen/);
    expect(await many(db, RUN)).toHaveLength(1);
    await finishRescore(db, id);
  });
});

test('sada all finds posts of an older model at its start and brings them up to date beside its work', async ({
  db,
  url,
}) => {
  await storeOld(db, 1_200);
  const counted = await countRescore(depsOf(db), { signal: never });
  const sada = await startSada({ DATABASE_URL: url, SADA_SECRET: TEST_SECRET });
  try {
    const done = 'select 1 from rescores where not dry_run and finished_at is not null and seen > 0';
    await until('the background rescore', () => one(db, done), 120_000);
    expect(await many(db, RUN)).toEqual([counted]);
    expect(await countStale(db, versionsOf(ingestDeps(db).analyser))).toBe(0);
    expect(await wrongCells(db)).toEqual([]);
  } finally {
    await sada.remove();
  }
});
