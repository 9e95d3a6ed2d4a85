/** The sample comes with the alerts of its time, and takes them along when it goes; nobody is told of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDefaultRules, replayRules } from '../../infra/sample/alerts.ts';
import { loadSample, removeSample } from '../../infra/sample/load.ts';
import { readSampleState } from '../../infra/sample/state.ts';
import { CRISIS_DAYS, RECOVERY_DAYS } from '../../infra/sample/story.ts';
import { createRule, deleteRule } from '../../shared/alertRules.ts';
import { defaultRules } from '../../shared/alerts/defaultRules.ts';
import { Evidence, RuleBody } from '../../shared/contracts/alerts.ts';
import { createLog } from '../../shared/log.ts';
import { findRule, findRuleByName, listRules } from '../../shared/store/alertRules.ts';
import { listAlerts } from '../../shared/store/alerts.ts';
import { insertChannel } from '../../shared/store/channels.ts';
import { type Db, many, one, run } from '../../shared/store/db.ts';
import { findScope } from '../../shared/store/scopes.ts';
import { watch } from '../../workers/alerts/watch.ts';
import { ingestDeps } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const ZONE = 'Africa/Casablanca';
const HOUR_MS = 3_600_000;
const now = new Date('2026-11-24T07:23:45Z');
const log = createLog('test', 'silent');
const crisis = now.getTime() - CRISIS_DAYS * 24 * HOUR_MS;
const recovery = now.getTime() - RECOVERY_DAYS * 24 * HOUR_MS;

const replayDeps = (db: Db) => ({ db, log, zone: ZONE, model: ingestDeps(db).analyser.model });

/** Loads three weeks; the first time it is cut before the first rule, then between two of them. */
async function loadInPieces(db: Db): Promise<{ rules: number; alerts: number } | undefined> {
  const cuts = [() => true, async () => (await listRules(db)).length >= 2];
  for (const isTime of cuts) {
    const stop = new AbortController();
    const cut = loadSample(ingestDeps(db), {
      now,
      days: 22,
      signal: stop.signal,
      async finish(at, signal) {
        const replayed = replayRules(replayDeps(db), at, signal);
        replayed.catch(() => undefined);
        while (!(await isTime())) await sleep(20);
        stop.abort(new Error('killed'));
        await replayed;
      },
    });
    await expect(cut).rejects.toThrow('killed');
    expect(await readSampleState(db)).toMatchObject({ state: 'loading' });
  }
  let made: { rules: number; alerts: number } | undefined;
  await loadSample(ingestDeps(db), {
    now: new Date(now.getTime() + HOUR_MS),
    days: 22,
    async finish(at, signal) {
      made = await replayRules(replayDeps(db), at, signal);
    },
  });
  return made;
}

/** What the watch of a worker does an hour after the load. */
async function watchOnce(db: Db): Promise<void> {
  const queued: string[] = [];
  const queues = { add: async (name: string) => void queued.push(name) };
  const deps = { ...replayDeps(db), queues, address: null, now: new Date(now.getTime() + HOUR_MS) };
  await watch(deps, new AbortController().signal);
  expect(queued).toEqual([]);
}

test('the sample’s crisis raises alerts that are marked and told to nobody, and going live leaves none', {
  timeout: 400_000,
}, async ({ db }) => {
  await run(db, "delete from settings where key = 'sample'");
  const made = await loadInPieces(db);
  const alerts = await listAlerts(db, { limit: 100 });
  expect(made).toEqual({ rules: defaultRules().length, alerts: alerts.length });
  expect(await readSampleState(db)).toMatchObject({ state: 'loaded', now: now.toISOString() });
  expect((await listRules(db)).map(({ name, sample }) => [name, sample])).toEqual(
    defaultRules().map(({ name }) => [name, true]),
  );

  // The story: a failure six days ago, repaired three days ago.
  for (const [signal, withinHours] of [
    ['net_down', 4],
    ['negative_posts', 3],
    ['term', 3],
  ] as const) {
    const first = alerts.filter((alert) => alert.signal === signal && alert.fired_at.getTime() > crisis).at(-1);
    expect(first, signal).toMatchObject({ sample: true, mode: 'live' });
    expect(first?.severity, signal).not.toBe('info');
    expect((first?.fired_at.getTime() ?? 0) - crisis, signal).toBeLessThanOrEqual(withinHours * HOUR_MS);
  }
  const outside = alerts.filter(
    ({ signal, fired_at }) => signal !== 'term' && (fired_at.getTime() < crisis || fired_at.getTime() > recovery),
  );
  // Two weeks ago the sample becomes five times as dense, which is no mistake to notice.
  expect(outside.map(({ signal }) => signal).filter((signal) => signal.startsWith('net'))).toEqual([]);
  expect(outside.length).toBeLessThanOrEqual(3);
  for (const { evidence } of alerts) expect(Evidence.parse(evidence).view).not.toBe('');
  expect(await many(db, 'select id from deliveries')).toEqual([]);

  await watchOnce(db);
  expect((await listAlerts(db, { limit: 100 })).map(({ id }) => id)).toEqual(alerts.map(({ id }) => id));
  expect(await many(db, 'select id from deliveries')).toEqual([]);

  const channel = await insertChannel(db, { name: 'team', kind: 'webhook', settings: {}, sealed: null, budget: 4 });
  const body = RuleBody.parse({ name: 'Mine', metric: 'net', channels: [channel?.id] });
  const mine = await createRule({ db, zone: ZONE, address: null, now }, body, 'amal');
  await watchOnce(db);
  await removeSample(db, ZONE);
  expect((await listRules(db)).map(({ name }) => name)).toEqual(['Mine']);
  for (const table of ['alerts', 'alert_decisions', 'alert_checkpoints', 'scope_hours', 'scope_term_windows'])
    expect(await one(db, `select count(*)::int as n from ${table}`), table).toEqual({ n: 0 });
  expect(await many(db, 'select filter, state from scopes')).toEqual([{ filter: {}, state: 'filling' }]);
  expect(await many(db, 'select actor, object_id from audit_log order by id')).toEqual([
    { actor: 'amal', object_id: String(mine.id) },
  ]);

  // The rules of real posts learn from real posts.
  const names = defaultRules().map(({ name }) => name);
  expect(await makeDefaultRules(db, ZONE, now)).toEqual(names);
  await watchOnce(db);
  expect(await many(db, "select rule_id from alert_decisions where outcome ->> 'learning' = 'false'")).toEqual([]);
  const [oldest] = await listRules(db);
  expect(await findScope(db, oldest?.scope_id ?? 0)).toMatchObject({ filledFrom: new Date('2026-11-24T08:00:00Z') });
  expect(await many(db, 'select id from deliveries')).toEqual([]);
  const given = await findRuleByName(db, names[0] ?? '');
  expect(await findRule(db, given?.id ?? 0)).toMatchObject({ sample: false, mode: 'live', live_from: now });
  await deleteRule({ db, zone: ZONE, address: null, now }, { id: given?.id ?? 0, by: 'amal' });
  expect(await makeDefaultRules(db, ZONE, now)).toEqual([]);
});

test('a rule over the sample does not take the name of one over real posts', async ({ db }) => {
  await run(db, "delete from settings where key = 'sample'");
  await makeDefaultRules(db, ZONE, now);
  const made = await replayRules(replayDeps(db), now, new AbortController().signal);
  expect(made).toEqual({ rules: defaultRules().length, alerts: 0 });
  expect((await listRules(db)).filter(({ sample }) => sample).map(({ name }) => name)).toEqual(
    defaultRules().map(({ name }) => `${name} (sample)`),
  );
});
