/** Who is told of an alert, when, and who is not: quiet hours, silences, grouping, escalation, repeats. */
import { describe } from 'vitest';
import { addNote, closeAlert, judge, snooze, unacknowledge } from '../../shared/alertActions.ts';
import { alertEvents } from '../../shared/store/alerts.ts';
import { dueDeliveries } from '../../shared/store/deliveries.ts';
import { endSilence, findSilence, insertSilence, listSilences } from '../../shared/store/silences.ts';
import { fallen, HOUR_MS, usual, World } from '../helpers/alertWorld.ts';
import { expect, test } from '../helpers/db.ts';

const START = '2026-11-10T10:00:00Z';
const MINUTE_MS = 60_000;
const night = { quiet_hours: [{ from: '22:00', to: '08:00' }] };
/** Large falls are critical by default; these are not. */
const never = { severity: { critical: 2 } };

/** A rule that has learned, with a channel. */
async function ready(world: World, body: Record<string, unknown> = {}) {
  const channel = await world.channel();
  const rule = await world.rule({ channels: [channel], ...body });
  await world.learn(rule.scope_id);
  return { rule, channel };
}
const brief = async (world: World) => (await world.outbox()).map(({ type, state }) => `${type} ${state}`);

describe('quiet hours', () => {
  test('hold a message until their end, and what followed with it', async ({ db }) => {
    const world = new World(db, '2026-11-10T22:00:00Z');
    const { rule } = await ready(world, { ...night, ...never });
    await world.pass(fallen(6), rule.scope_id);
    const outbox = await world.outbox();
    expect(outbox.length).toBeGreaterThan(1);
    for (const row of outbox) {
      expect(row.state).toBe('held');
      expect(row.not_before).toEqual(new Date('2026-11-11T08:00:00Z'));
    }
    expect(await dueDeliveries(db, 10, world.now)).toEqual([]);
  });

  test('do not hold what is critical', async ({ db }) => {
    const world = new World(db, '2026-11-10T22:00:00Z');
    const { rule } = await ready(world, { ...night, severity: { warning: 0.01, critical: 0.02 } });
    await world.pass(fallen(5), rule.scope_id);
    expect(await world.alert()).toMatchObject({ severity: 'critical' });
    expect((await world.outbox())[0]).toMatchObject({ type: 'fired', state: 'waiting' });
  });

  test('that hide beginning and end leave nothing to tell in the morning', async ({ db }) => {
    const world = new World(db, '2026-11-10T20:00:00Z');
    const { rule } = await ready(world, { quiet_hours: [{ from: '20:00', to: '20:00' }], ...never });
    await world.pass([...fallen(5), ...usual(16, { seed: 3, shift: -0.1 })], rule.scope_id);
    expect(await world.alert()).toMatchObject({ state: 'resolved' });
    expect(new Set((await world.outbox()).map(({ state }) => state))).toEqual(new Set(['cancelled']));
  });
});

test('a beginning waits two minutes for what belongs to it', async ({ db }) => {
  const world = new World(db, START);
  const { rule } = await ready(world);
  await world.pass(fallen(5), rule.scope_id);
  const [fired] = await world.outbox();
  const alert = await world.alert();
  expect(fired?.not_before.getTime()).toBe(alert.created_at.getTime() + 2 * MINUTE_MS);
});

test('an end is told to those who were told of the beginning', async ({ db }) => {
  const world = new World(db, START);
  const { rule } = await ready(world);
  await world.pass(fallen(5), rule.scope_id);
  await world.deliverDue();
  await world.wait(2 * MINUTE_MS);
  await world.deliverDue();
  world.now = new Date(world.now.getTime() - 2 * MINUTE_MS);
  await world.pass(usual(20, { seed: 3, shift: -0.1 }), rule.scope_id);
  expect(await world.alert()).toMatchObject({ state: 'resolved', resolution: 'recovered' });
  expect((await brief(world)).filter((row) => row.startsWith('resolved'))).toEqual(['resolved waiting']);
});

describe('a silence', () => {
  const silence = (world: World, matcher: object, hours: number) =>
    insertSilence(world.db, {
      matcher,
      startsAt: world.now,
      endsAt: new Date(world.now.getTime() + hours * HOUR_MS),
      reason: 'a planned outage',
      by: 'amal',
    });

  test('hides messages and never state; when it ends, what goes on is told', async ({ db }) => {
    const world = new World(db, START);
    const { rule } = await ready(world);
    await silence(world, { rules: [rule.id], signals: ['net_down'] }, 6);
    await world.pass(fallen(5), rule.scope_id);
    expect(await world.alert()).toMatchObject({ state: 'firing' });
    expect(await world.outbox()).toEqual([]);
    await world.pass(fallen(2, 8), rule.scope_id);
    expect((await brief(world)).at(-1)).toBe('repeated waiting');
    await world.wait(HOUR_MS);
    expect((await brief(world)).filter((row) => row.startsWith('repeated'))).toHaveLength(1);
    expect(await listSilences(db, { limit: 10 })).toMatchObject([{ reason: 'a planned outage', ended_by: null }]);
    expect(await listSilences(db, { limit: 10, openAt: world.now })).toEqual([]);
  });

  test('that comes after a message was written takes it back, unless somebody was shown it', async ({ db }) => {
    const world = new World(db, START);
    const { rule } = await ready(world);
    await world.pass(fallen(4), rule.scope_id);
    expect((await brief(world))[0]).toBe('fired waiting');
    await silence(world, { rules: [rule.id] }, 1);
    await world.wait(MINUTE_MS);
    expect(new Set(await brief(world))).toEqual(new Set(['fired cancelled']));
    await world.wait(2 * HOUR_MS);
    expect((await brief(world)).at(-1)).toBe('repeated waiting');
    await world.deliverDue();
    await silence(world, { rules: [rule.id] }, 1);
    await world.wait(MINUTE_MS);
    expect((await brief(world)).at(-1)).toBe('repeated sent');
  });

  test.for([
    [{ rules: [99] }],
    [{ signals: ['net_up'] }],
    [{ scopes: [99] }],
    [{ severities: ['info'], signals: ['net_down'] }],
    [{}],
  ])('of others does not hide: %j', async ([matcher], { db }) => {
    const world = new World(db, START);
    const { rule } = await ready(world);
    await silence(world, matcher as object, 24);
    await world.pass(fallen(5), rule.scope_id);
    expect(await brief(world)).toContain('fired waiting');
  });

  test('that somebody ends is over', async ({ db }) => {
    const world = new World(db, START);
    const { rule } = await ready(world);
    const { id } = await silence(world, { scopes: [rule.scope_id] }, 24);
    expect(await endSilence(db, { id, by: 'omar', at: world.now, version: 9 })).toBeUndefined();
    expect(await endSilence(db, { id, by: 'omar', at: world.now })).toMatchObject({ ended_by: 'omar', version: 2 });
    expect(await endSilence(db, { id, by: 'omar', at: world.now })).toBeUndefined();
    expect(await findSilence(db, id)).toMatchObject({ version: 2 });
    await world.pass(fallen(5), rule.scope_id);
    expect(await brief(world)).toContain('fired waiting');
  });
});

test('a snoozed alert says nothing until then', async ({ db }) => {
  const world = new World(db, START);
  const { rule } = await ready(world);
  await world.pass(fallen(4), rule.scope_id);
  const alert = await world.alert();
  const before = (await world.outbox()).length;
  const until = new Date(world.now.getTime() + 30 * HOUR_MS);
  const snoozed = await snooze(world.deps, { id: alert.id, by: 'amal', version: alert.version, until });
  expect(snoozed).toMatchObject({ snoozed_until: until, version: alert.version + 1 });
  await world.pass(fallen(29, 8), rule.scope_id);
  expect(await world.outbox()).toHaveLength(before);
  await world.pass(fallen(2, 9), rule.scope_id);
  expect((await brief(world)).at(-1)).toBe('repeated waiting');
});

test('snoozing takes back what waits for the morning', async ({ db }) => {
  const world = new World(db, '2026-11-10T22:00:00Z');
  const { rule } = await ready(world, { ...night, ...never });
  await world.pass(fallen(4), rule.scope_id);
  const { id } = await world.alert();
  expect(await brief(world)).toContain('fired held');
  await snooze(world.deps, { id, by: 'amal', until: new Date(world.now.getTime() + HOUR_MS) });
  expect(new Set((await world.outbox()).map(({ state }) => state))).toEqual(new Set(['cancelled']));
});

test('what goes on unacknowledged is repeated once a day, and not after that', async ({ db }) => {
  const world = new World(db, START);
  const { rule } = await ready(world);
  const repeats = async () => (await brief(world)).filter((row) => row.startsWith('repeated')).length;
  await world.pass(fallen(24), rule.scope_id);
  expect(await repeats()).toBe(0);
  await world.pass(fallen(6, 8), rule.scope_id);
  expect(await repeats()).toBe(1);
  await world.pass(fallen(22, 9), rule.scope_id);
  expect(await repeats()).toBe(2);
  await world.acknowledge((await world.alert()).id);
  await world.pass(fallen(18, 10), rule.scope_id);
  expect(await repeats()).toBe(2);
});

describe('an alert that nobody acknowledges', () => {
  async function escalating(world: World) {
    const boss = await world.channel('boss');
    const { rule, channel } = await ready(world, { escalation: { after_minutes: 600, channels: [boss] } });
    await world.pass(fallen(4), rule.scope_id);
    const alert = await world.alert();
    const told = async () =>
      (await world.outbox()).filter(({ type }) => type === 'unacknowledged').map((row) => row.channel);
    // The alert may be some hours old: back to when it was raised.
    world.now = new Date(alert.created_at.getTime());
    return { boss, rule, channel, alert, told };
  }

  test('goes to the next contact, once', async ({ db }) => {
    const world = new World(db, START);
    const { boss, alert, told } = await escalating(world);
    await world.wait(599 * MINUTE_MS);
    expect(await told()).toEqual([]);
    await world.wait(2 * MINUTE_MS);
    expect(await told()).toEqual([boss]);
    await world.wait(60 * MINUTE_MS);
    expect(await told()).toEqual([boss]);
    expect(await world.events(alert.id)).toContain('unacknowledged');
  });

  test('does not when somebody does, snoozes, or a silence covers it', async ({ db }) => {
    const world = new World(db, START);
    const { alert, told } = await escalating(world);
    await world.wait(500 * MINUTE_MS);
    await world.acknowledge(alert.id);
    await world.wait(200 * MINUTE_MS);
    expect(await told()).toEqual([]);
    await unacknowledge(world.deps, { id: alert.id, by: 'amal' });
    await snooze(world.deps, { id: alert.id, by: 'amal', until: new Date(world.now.getTime() + HOUR_MS) });
    await world.wait(50 * MINUTE_MS);
    expect(await told()).toEqual([]);
    await closeAlert(world.deps, { id: alert.id, by: 'amal' });
    await world.wait(HOUR_MS);
    expect(await told()).toEqual([]);
  });
});

describe('alerts of one event', () => {
  test('several signals of a scope arrive as one message', async ({ db }) => {
    const world = new World(db, START);
    const channel = await world.channel();
    const mood = await world.rule({ channels: [channel] });
    await world.rule({ name: 'Negative', metric: 'negative_posts', channels: [channel] });
    await world.learn(mood.scope_id);
    await world.pass(
      fallen(1).map(() => ({ neg: 190, neu: 20, pos: 2 })),
      mood.scope_id,
    );
    const [first, second] = await world.alerts();
    expect([first?.signal, second?.signal].toSorted()).toEqual(['negative_posts', 'net_down']);
    expect(second?.parent_id).toBe(first?.id);
    expect(await world.outbox()).toMatchObject([{ type: 'fired', alert: first?.id, also: [second?.id] }]);
    expect(await world.events(first?.id ?? 0)).toEqual(['fired', 'joined']);
  });

  test('one that comes after the message is told in its thread', async ({ db }) => {
    const world = new World(db, START);
    const channel = await world.channel();
    const mood = await world.rule({ channels: [channel] });
    await world.rule({ name: 'Negative', metric: 'negative_posts', channels: [channel] });
    await world.learn(mood.scope_id);
    await world.pass(usual(9, { seed: 7, shift: 0.8, posts: 20 }), mood.scope_id); // sadder, and not more
    await world.deliverDue();
    expect(await world.alerts()).toHaveLength(1);
    await world.pass([{ neg: 300, neu: 20, pos: 2 }], mood.scope_id);
    const [first, second] = await world.alerts();
    expect(second).toMatchObject({ signal: 'negative_posts', parent_id: first?.id });
    expect((await world.outbox()).at(-1)).toMatchObject({ type: 'joined', alert: first?.id, also: [second?.id] });
    expect((await world.outbox()).filter(({ alert }) => alert === second?.id)).toEqual([]);
  });

  test('the wider scope speaks for a topic, on the channels that it has', async ({ db }) => {
    const world = new World(db, START);
    const [all, topicOnly] = [await world.channel('all'), await world.channel('topic')];
    const topic = await world.rule({ name: 'Water', channels: [all, topicOnly], scope: { topic: ['water'] } });
    const whole = await world.rule({ channels: [all] });
    await world.learn(topic.scope_id, whole.scope_id);
    await world.pass(fallen(5), topic.scope_id, whole.scope_id);
    const alerts = await world.alerts();
    const ofTopic = alerts.find(({ rule_id }) => rule_id === topic.id);
    const ofWhole = alerts.find(({ rule_id }) => rule_id === whole.id);
    expect(ofTopic?.parent_id).toBe(ofWhole?.id);
    const live = (await world.outbox()).filter(({ state, type }) => state === 'waiting' && type === 'fired');
    expect(live.map(({ alert, channel }) => [alert, channel])).toEqual(
      expect.arrayContaining([
        [ofWhole?.id, all],
        [ofTopic?.id, topicOnly],
      ]),
    );
    expect(live).toHaveLength(2);
    expect(live.find(({ channel }) => channel === all)?.also).toEqual([ofTopic?.id]);
  });

  test('what is left when the one that spoke is resolved speaks for itself', async ({ db }) => {
    const world = new World(db, START);
    const all = await world.channel('all');
    const topic = await world.rule({ name: 'Water', channels: [all], scope: { topic: ['water'] } });
    const whole = await world.rule({ channels: [all] });
    await world.learn(topic.scope_id, whole.scope_id);
    await world.pass(fallen(5), topic.scope_id, whole.scope_id);
    const speaks = (await world.alerts()).find(({ rule_id }) => rule_id === whole.id);
    await world.deliverDue();
    await closeAlert(world.deps, { id: speaks?.id ?? 0, by: 'amal' });
    const left = (await world.alerts()).find(({ rule_id }) => rule_id === topic.id);
    expect(left).toMatchObject({ parent_id: null, state: 'firing' });
    await world.wait(MINUTE_MS);
    expect((await world.outbox()).at(-1)).toMatchObject({ alert: left?.id, type: 'repeated' });
  });
});

describe('people', () => {
  test('acknowledge, note, judge and close; each is an event by somebody', async ({ db }) => {
    const world = new World(db, START);
    const pager = await world.channel('pager', 100, 'pagerduty');
    const { rule, channel } = await ready(world, { channels: [pager] });
    expect(channel).not.toBe(pager);
    await world.pass(fallen(4), rule.scope_id);
    const { id } = await world.alert();
    await world.deliverDue();
    expect(await world.acknowledge(id, 'omar')).toMatchObject({ acknowledged_by: 'omar' });
    expect((await world.outbox()).at(-1)).toMatchObject({ type: 'acknowledged', channel: pager });
    await addNote(world.deps, { id, by: 'omar', note: 'A tariff was announced.' });
    await judge(world.deps, { id, by: 'omar', verdict: 'useful' });
    const closed = await closeAlert(world.deps, { id, by: 'omar', note: 'Known.' });
    expect(closed).toMatchObject({ state: 'resolved', resolution: 'closed', verdict: 'useful', verdict_by: 'omar' });
    const events = (await alertEvents(db, id)).filter(({ by_whom }) => by_whom === 'omar');
    expect(events.map(({ type, body }) => [type, body])).toEqual([
      ['acknowledged', {}],
      ['note', { note: 'A tariff was announced.' }],
      ['verdict', { verdict: 'useful' }],
      ['resolved', { resolution: 'closed', note: 'Known.' }],
    ]);
    // It does not open again for what it was closed for.
    await world.pass(fallen(8, 8), rule.scope_id);
    expect(await world.alerts()).toHaveLength(1);
    await expect(closeAlert(world.deps, { id, by: 'omar' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(judge(world.deps, { id: 999, by: 'omar', verdict: null })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('who saw an older version changes nothing', async ({ db }) => {
    const world = new World(db, START);
    const { rule } = await ready(world);
    await world.pass(fallen(4), rule.scope_id);
    const { id, version } = await world.alert();
    await world.acknowledge(id);
    const late = snooze(world.deps, { id, by: 'omar', version, until: new Date(world.now.getTime() + HOUR_MS) });
    await expect(late).rejects.toMatchObject({ code: 'precondition_failed' });
    const past = snooze(world.deps, { id, by: 'omar', until: world.now });
    await expect(past).rejects.toMatchObject({ code: 'invalid', errors: [{ pointer: '/until' }] });
    expect(await world.alert()).toMatchObject({ snoozed_until: null });
  });
});
