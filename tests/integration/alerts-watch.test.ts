/** From posts to messages: scopes are filled, rules learn, a bad evening is found, explained and put into the outbox. */
import { createRule } from '../../shared/alertRules.ts';
import { defaultRules } from '../../shared/alerts/defaultRules.ts';
import type { AlertMessage } from '../../shared/contracts/alerts.ts';
import type { Label } from '../../shared/contracts/words.ts';
import { createLog } from '../../shared/log.ts';
import { readRules } from '../../shared/ruleStates.ts';
import { listAlerts } from '../../shared/store/alerts.ts';
import { insertChannel } from '../../shared/store/channels.ts';
import { type Db, inTransaction, many } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { movePosts, type PostRow } from '../../shared/store/posts.ts';
import { scopesToFill } from '../../shared/store/scopes.ts';
import { bumpVersion, movedHours, readEvents } from '../../shared/store/version.ts';
import { fillScope } from '../../workers/alerts/scopes.ts';
import { watch } from '../../workers/alerts/watch.ts';
import { HOUR_MS, randomOf } from '../helpers/alertWorld.ts';
import { aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const ZONE = 'Africa/Casablanca';
const START = Date.parse('2026-11-20T18:00:00Z');
const log = createLog('test', 'silent');
const never = new AbortController().signal;
const USUAL = 'The fibre works, the office opened, people come and go as they do each week in town';
const ANGRY = 'Coupure totale du réseau Zellij, le centre de données consomme notre eau et personne ne répond';

async function store(db: Db, rows: readonly PostRow[]): Promise<void> {
  await ensurePartitions(
    db,
    rows.map((row) => row.published_at),
  );
  for (let from = 0; from < rows.length; from += 1_000) {
    await inTransaction(db, async (tx) => {
      const chunk = rows.slice(from, from + 1_000).map((after) => ({ op: 'insert' as const, after }));
      const hours = movedHours([await movePosts(tx, ZONE, chunk)]);
      if (hours) await bumpVersion(tx, { event: 'posts', payload: hours });
    });
  }
}

/** Posts of some hours, each by another author and in other words. */
function postsOf(
  sourceId: number,
  from: number,
  hours: number,
  perHour: number,
  negative: number,
  text: string,
): PostRow[] {
  const random = randomOf(from + perHour);
  return Array.from({ length: hours * perHour }, (_, i) => {
    const label: Label = random() < negative ? 'negative' : random() < 0.5 ? 'neutral' : 'positive';
    const at = from + Math.floor(i / perHour) * HOUR_MS + (i % perHour) * 60_000;
    return aPostRow({
      source_id: sourceId,
      published_at: new Date(at).toISOString(),
      model_label: label,
      model_score: label === 'negative' ? -0.7 : label === 'positive' ? 0.7 : 0,
      author_key: i.toString(16).padStart(32, '0'),
      text: `${text} ${i}`,
      language: text === ANGRY ? 'fr' : 'en',
      text_key: String(from / 1_000 + i),
    });
  });
}

test('a bad evening is found, explained and told, once', { timeout: 240_000 }, async ({ db }) => {
  const source = await aSource(db);
  const channel = await insertChannel(db, { name: 'team', kind: 'webhook', settings: {}, sealed: null, budget: 20 });
  const history = 24 * 20;
  await store(db, postsOf(source.id, START - history * HOUR_MS, history, 10, 0.2, USUAL));
  const queued: string[] = [];
  const queues = { add: async (name: string, data: object) => void queued.push(`${name} ${JSON.stringify(data)}`) };
  const at = (ms: number) => ({
    ...{ db, log, queues, zone: ZONE, address: 'https://sada.example', model: 'test-1' },
    now: new Date(ms),
  });
  const minutes = (n: number) => n * 60_000;

  for (const body of defaultRules([channel?.id ?? 0])) await createRule(at(START), body, 'sada');
  await watch(at(START + minutes(6)), never);
  for (const id of await scopesToFill(db))
    await fillScope({ db, log, now: () => new Date(START + minutes(7)) }, id, never);
  await watch(at(START + minutes(8)), never);
  const states = await readRules(db);
  expect(states.map(({ rule, state }) => [rule.metric, state])).toEqual([
    ['net', 'watching'],
    ['negative_posts', 'watching'],
    ['posts', 'watching'],
    ['net', 'learning'], // nobody has spoken of water or energy yet
    ['terms', 'watching'],
  ]);
  expect(await listAlerts(db, { limit: 10 })).toEqual([]);

  await store(db, postsOf(source.id, START, 5, 40, 0.8, ANGRY));
  for (let hour = 1; hour <= 5; hour++) await watch(at(START + hour * HOUR_MS + minutes(6)), never);
  await Promise.all([1, 2].map(() => watch(at(START + 5 * HOUR_MS + minutes(9)), never)));

  const alerts = await listAlerts(db, { limit: 10 });
  expect(alerts.map(({ signal }) => signal).toSorted()).toEqual(['negative_posts', 'net_down', 'posts', 'term']);
  const mood = alerts.find(({ signal }) => signal === 'net_down');
  const evidence = mood?.evidence;
  expect(evidence).toMatchObject({ signal: 'net_down', metric: 'net', model: 'test-1', driven_by_one: null });
  expect(evidence?.now).toBeLessThan((evidence?.before ?? 0) - 0.3);
  expect(evidence?.chart).toHaveLength(72);
  expect(evidence?.examples.negative).not.toEqual([]);
  const languages = evidence?.segments.filter(({ dimension }) => dimension === 'language') ?? [];
  const change = languages.reduce((sum, { within, mix }) => sum + within + mix, 0);
  expect(change).toBeCloseTo((evidence?.now ?? 0) - (evidence?.before ?? 0), 1);
  const words = alerts.find(({ signal }) => signal === 'term')?.evidence.terms.map(({ term }) => term) ?? [];
  expect(words.join(' ')).toMatch(/zellij|coupure|réseau/);

  const outbox = await many<{ alert_id: number; message: AlertMessage }>(
    db,
    `select alert_id, message from deliveries where message ->> 'type' = 'fired' order by alert_id`,
  );
  // Mood and negative posts are one event; more posts and new words are others.
  expect(outbox.map(({ message }) => message.evidence?.signal).toSorted()).toHaveLength(3);
  const spoken = outbox.find(({ message }) => message.also.length > 0)?.message;
  expect(spoken?.also).toHaveLength(1);
  expect(spoken?.sentence.fr).not.toBe('');
  expect(spoken?.excerpts.length).toBeGreaterThan(0);
  expect(queued.filter((job) => job.startsWith('deliver')).length).toBeGreaterThan(0);
  expect((await readEvents(db, 0, 1_000)).filter(({ event }) => event === 'alert').length).toBeGreaterThan(0);
});
