/**
 * Kills workers of a running Sada at random moments while alerts are evaluated and delivered, to receivers that fail at
 * random, and compares what is there at the end with a run in which nobody was killed. Shared by
 * tests/e2e/alerts-kill.test.ts (5 kills a driver) and `npm run soak` (50). alertTeller.ts tells the story and kills.
 */
import { findPostgres } from '../../infra/postgres/launcher.ts';
import { loadConfig, queueTarget } from '../../shared/config.ts';
import { openQueues } from '../../shared/jobs.ts';
import { type Db, many } from '../../shared/store/db.ts';
import { HOUR_MS, type Outcome, outcomeOf, postsOf, STORY } from './alertStory.ts';
import { Teller } from './alertTeller.ts';
import { randomOf } from './alertWorld.ts';
import { TEST_SECRET } from './databases.ts';
import { startRedis, type TestRedis } from './drivers.ts';
import { type Attempt, changedIn, type Receivers, repeatsIn, startReceivers } from './killingReceivers.ts';
import { startSada } from './sada.ts';

export interface AlertRun {
  outcome: Outcome;
  /** Processes killed. */
  kills: number;
  /** Messages that a receiver took more than once. */
  repeats: number;
  /** Ids whose attempts differed in their bytes. */
  changed: string[];
  /** Ids that a receiver was shown and the outbox does not know. */
  unknown: string[];
  /** Ids that count as sent and that no receiver has taken. */
  missing: string[];
  attempts: number;
}

export interface AlertRunOptions {
  driver: 'postgres' | 'redis';
  kills: number;
  seed: number;
  /** First hour of the story, ms; two runs are compared over the same hours. */
  base: number;
  say?: (line: string) => void;
}

/** A first hour from which the whole story is past, and news. */
export const storyBase = (now: number) => (Math.floor(now / HOUR_MS) - STORY.length - 2) * HOUR_MS;

/** What is wrong with a run in which processes were killed, held against one in which none was; empty when nothing is. */
export function wrongsOf(disturbed: AlertRun, undisturbed: AlertRun): string[] {
  const wrongs = Object.entries(undisturbed.outcome).flatMap(([name, expected]) => {
    const [ours, theirs] = [expected, disturbed.outcome[name as keyof Outcome]].map(
      (rows) => new Set(rows.map((row: unknown) => JSON.stringify(row))),
    );
    const lost = [...(ours ?? [])].filter((row) => !theirs?.has(row));
    const added = [...(theirs ?? [])].filter((row) => !ours?.has(row));
    const copies = disturbed.outcome[name as keyof Outcome].length - (theirs?.size ?? 0);
    if (copies > 0) return [`${copies} copies in ${name}`];
    return [...lost.map((row) => `${name} without ${row}`), ...added.map((row) => `${name} with ${row}`)];
  });
  const { changed, unknown, missing, repeats, kills } = disturbed;
  wrongs.push(...changed.map((id) => `two attempts of ${id} differ`));
  wrongs.push(...unknown.map((id) => `a receiver was shown ${id}, which is no delivery`));
  wrongs.push(...missing.map((id) => `${id} counts as sent, and no receiver has it`));
  if (repeats > kills) wrongs.push(`${repeats} repeats after ${kills} kills`);
  return wrongs.map((wrong) => wrong.slice(0, 600));
}

/** Tells the story once. */
export async function runAlerts({
  driver,
  kills,
  seed,
  base,
  say = () => undefined,
}: AlertRunOptions): Promise<AlertRun> {
  const random = randomOf(seed);
  const redis: TestRedis | undefined = driver === 'redis' ? await startRedis() : undefined;
  const receivers = await startReceivers(random, kills > 0 ? 0.3 : 0);
  const sada = await startSada({
    SADA_SECRET: TEST_SECRET,
    SADA_WORKERS: '2',
    SADA_ALLOW_PRIVATE_WEBHOOKS: `${receivers.hook.hostAndPort},${receivers.mail.hostAndPort}`,
    ...(redis ? { REDIS_URL: redis.url } : {}),
  });
  const url = (await findPostgres(`${sada.dataDir}/postgres`)) ?? '';
  const config = loadConfig(redis ? { REDIS_URL: redis.url } : {});
  const queues = await openQueues(queueTarget(config, url), () => undefined);
  const teller = new Teller(sada, queues, receivers, random, say);
  try {
    await teller.prepare(base);
    for (const [place, mood] of STORY.entries()) {
      const share = (of: number) =>
        Math.round((of * (place + 1)) / STORY.length) - Math.round((of * place) / STORY.length);
      const due = { evaluating: share(Math.ceil(kills / 2)), delivering: share(Math.floor(kills / 2)) };
      await teller.pass(place, postsOf(base + place * HOUR_MS, place, mood), due);
    }
    const outcome = await outcomeOf(sada.db, new Date(base + STORY.length * HOUR_MS));
    return { outcome, kills: teller.kills, ...(await judge(sada.db, receivers)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}, ${teller.kills} kills: ${why}\n${sada.output().slice(-6_000)}`);
  } finally {
    await queues.close();
    await sada.remove();
    await receivers.close();
    await redis?.stop();
  }
}

/** What the receivers saw, held against the outbox. */
async function judge(db: Db, { hook, mail }: Receivers): Promise<Omit<AlertRun, 'outcome' | 'kills'>> {
  const rows = await many<{ name: string; channel_id: number; event_id: string; state: string }>(
    db,
    'select c.name, d.channel_id, d.event_id, d.state::text from deliveries d join channels c on c.id = d.channel_id',
  );
  const of = (name: string) => rows.filter((row) => row.name === name);
  const hooks = of('hook').map(({ event_id, state }) => ({ id: event_id, state }));
  const mails = of('mail').map(({ event_id, channel_id, state }) => ({
    id: `<${event_id}.${channel_id}@example.ma>`,
    state,
  }));
  const compare = (attempts: readonly Attempt[], known: readonly { id: string; state: string }[]) => {
    const accepted = new Set(attempts.filter((attempt) => attempt.accepted).map(({ id }) => id));
    const ids = new Set(known.map(({ id }) => id));
    return {
      unknown: attempts.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
      missing: known.filter(({ id, state }) => state === 'sent' && !accepted.has(id)).map(({ id }) => id),
    };
  };
  const [byHook, byMail] = [compare(hook.attempts, hooks), compare(mail.attempts, mails)];
  return {
    repeats: repeatsIn(hook.attempts) + repeatsIn(mail.attempts),
    changed: [...changedIn(hook.attempts), ...changedIn(mail.attempts)],
    unknown: [...byHook.unknown, ...byMail.unknown],
    missing: [...byHook.missing, ...byMail.missing],
    attempts: hook.attempts.length + mail.attempts.length,
  };
}
