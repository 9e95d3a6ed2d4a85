/** A rule is evaluated exactly once an hour, whatever crashes, comes late or is changed meanwhile. */
import fc from 'fast-check';
import { describe } from 'vitest';
import { changeRule } from '../../shared/alertRules.ts';
import { startWatch } from '../../shared/alerts/watch.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import { inTransaction, many, one, run } from '../../shared/store/db.ts';
import { lookAgain, readOutcomes } from '../../shared/store/decisions.ts';
import { readScopeHours } from '../../shared/store/scopeHours.ts';
import { evaluateRule, replay } from '../../workers/alerts/evaluate.ts';
import { fallen, HOUR_MS, randomOf, usual, World } from '../helpers/alertWorld.ts';
import { expect, test } from '../helpers/db.ts';

const START = '2026-11-10T10:00:00Z';
const ago = (world: World, hours: number) => new Date(world.now.getTime() - hours * HOUR_MS);

test('a fall is found once, however many evaluate at once', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule({ channels: [await world.channel()] });
  await world.learn(rule.scope_id);
  for (const hour of fallen(12)) {
    await world.write(rule.scope_id, world.now, [hour]);
    world.now = new Date(world.now.getTime() + HOUR_MS);
    await Promise.all(Array.from({ length: 4 }, () => evaluateRule(world.deps, rule.id)));
  }
  const alert = await world.alert();
  expect(await world.count('alerts')).toBe(1);
  expect(alert).toMatchObject({ signal: 'net_down', state: 'firing', mode: 'live', rule_version: 1, model: 'test-1' });
  expect(alert.dedup_key).toMatch(/^[0-9a-f]{64}$/);
  expect((await world.events(alert.id)).filter((type) => type === 'fired')).toHaveLength(1);
  expect((await world.outbox()).filter(({ type }) => type === 'fired')).toHaveLength(1);
  expect(await world.events(alert.id)).toContain('follow_up');
  const seqs = await many<{ seq: number }>(db, 'select seq from alert_events order by seq');
  expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, index) => index + 1));
  const decided = await many(db, 'select 1 from alert_decisions group by rule_id, version, hour having count(*) > 1');
  expect(decided).toEqual([]);
});

test('what dies in the middle leaves nothing behind, and the next one does it all', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule({ channels: [await world.channel()] });
  await world.learn(rule.scope_id);
  const before = await world.count('alert_decisions');
  await run(
    db,
    `create function die() returns trigger language plpgsql as $$ begin raise exception 'dies here'; end $$;
     create trigger die before insert on deliveries for each row execute function die()`,
  );
  try {
    await world.write(rule.scope_id, world.now, fallen(6));
    world.now = new Date(world.now.getTime() + 6 * HOUR_MS);
    await expect(evaluateRule(world.deps, rule.id)).rejects.toThrow('dies here');
    expect([await world.count('alerts'), await world.count('alert_events'), await world.count('deliveries')]).toEqual([
      0, 0, 0,
    ]);
    expect(await world.count('alert_decisions')).toBe(before);
  } finally {
    await run(db, 'drop trigger die on deliveries; drop function die()');
  }
  await evaluateRule(world.deps, rule.id);
  expect([await world.count('alerts'), await world.count('alert_decisions')]).toEqual([1, before + 6]);
  expect(await evaluateRule(world.deps, rule.id)).toBeUndefined();
});

test('a back-fill of old hours opens nothing and sends nothing', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule({ channels: [await world.channel()], direction: 'both' });
  await world.learn(rule.scope_id);
  await world.pass(usual(4, { seed: 3 }), rule.scope_id);
  const old = [
    ...usual(24 * 30),
    ...fallen(48),
    ...usual(24 * 30, { seed: 5 }),
    ...fallen(48),
    ...usual(24 * 9, { seed: 9 }),
  ];
  await world.write(rule.scope_id, ago(world, old.length + 24 * 22), old);
  await world.evaluate();
  await world.pass(usual(4, { seed: 4 }), rule.scope_id);
  expect([await world.count('alerts'), await world.count('deliveries')]).toEqual([0, 0]);
  const fired = await many(db, `select 1 from alert_decisions where outcome -> 'events' @> '[{"type": "fired"}]'`);
  expect(fired.length).toBeGreaterThan(0); // it was seen, as history
});

describe('hours that are found late, after the workers were out', () => {
  test('what goes on is told, what is over is only recorded', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.write(rule.scope_id, world.now, [...fallen(14), ...usual(60, { seed: 12 })]);
    world.now = new Date(world.now.getTime() + 74 * HOUR_MS);
    await world.evaluate();
    const over = await world.alert();
    expect(over).toMatchObject({ state: 'resolved', resolution: 'recovered' });
    expect(await world.events(over.id)).toEqual(expect.arrayContaining(['fired', 'resolved']));
    expect(await world.outbox()).toEqual([]);

    await world.write(rule.scope_id, world.now, fallen(30, 8));
    world.now = new Date(world.now.getTime() + 30 * HOUR_MS);
    await world.evaluate();
    const [, goesOn] = await world.alerts();
    expect(goesOn?.state).toBe('firing');
    expect(world.now.getTime() - Number(goesOn?.fired_at)).toBeGreaterThan(24 * HOUR_MS);
    const outbox = await world.outbox();
    expect(outbox.filter(({ type }) => type === 'fired')).toHaveLength(1);
  });
});

describe('an hour that changes after it was decided', () => {
  test('an alarm that is not there any more is taken back; what was sent stands', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(fallen(6), rule.scope_id);
    const alert = await world.alert();
    await world.deliverDue();
    await world.write(rule.scope_id, ago(world, 6), usual(6, { seed: 21 }));
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ id: alert.id, state: 'resolved', resolution: 'revised' }]);
    expect((await world.events(alert.id)).at(-1)).toBe('revised');
    const told = (await world.outbox()).map(({ type, state }) => `${type} ${state}`);
    expect(told[0]).toBe('fired sent');
    expect(told.at(-1)).toBe('revised waiting');
    await world.evaluate();
    expect(await world.outbox()).toHaveLength(told.length);

    // The same figures as first: it is there again, as another alert.
    await world.write(rule.scope_id, ago(world, 6), fallen(6));
    await world.evaluate();
    const alerts = await world.alerts();
    expect(alerts.map(({ state }) => state)).toEqual(['resolved', 'firing']);
    expect(alerts[1]?.dedup_key).not.toBe(alert.dedup_key);
  });

  test('an alarm that is not there any more and was not sent is not sent', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(fallen(6), rule.scope_id);
    await world.write(rule.scope_id, ago(world, 6), usual(6, { seed: 21 }));
    await world.evaluate();
    expect(new Set((await world.outbox()).map(({ state }) => state))).toEqual(new Set(['cancelled']));
  });

  test('an alarm that moves by an hour stays the same alert', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass([...usual(2, { seed: 30 }), ...fallen(6)], rule.scope_id);
    const sent = (await world.outbox()).length;
    await world.write(rule.scope_id, ago(world, 8), fallen(2, 31));
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ state: 'firing' }]);
    expect(await world.outbox()).toHaveLength(sent);
    await world.pass(fallen(3, 32), rule.scope_id);
    expect(await world.alerts()).toHaveLength(1);
  });

  test('an alarm that appears in hours already decided is a new alert', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(usual(8, { seed: 30 }), rule.scope_id);
    expect(await world.count('alerts')).toBe(0);
    await world.write(rule.scope_id, ago(world, 8), fallen(8));
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ state: 'firing' }]);
    expect((await world.outbox()).map(({ type }) => type)).toContain('fired');
  });
});

test('after any changes, the state is that of a replay from the start', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule({ channels: [await world.channel()], direction: 'both' });
  const total = 24 * 21;
  const from = new Date(world.now.getTime() - total * HOUR_MS);
  await world.learn(rule.scope_id);
  const change = fc.record({
    at: fc.nat({ max: total - 1 }),
    length: fc.integer({ min: 1, max: 9 }),
    shift: fc.constantFrom(-0.4, 0, 0.8),
    seed: fc.nat(),
    hoursPass: fc.nat({ max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      for (const { at, length, shift, seed, hoursPass } of changes) {
        const start = new Date(from.getTime() + at * HOUR_MS);
        const room = Math.min(length, Math.round((world.now.getTime() - start.getTime()) / HOUR_MS));
        await world.write(
          rule.scope_id,
          start,
          usual(room, { seed, shift, posts: 20 + Math.floor(randomOf(seed)() * 40) }),
        );
        await world.evaluate();
        await world.pass(usual(hoursPass, { seed: seed + 1 }), rule.scope_id);
      }
      const hours = await readScopeHours(db, {
        scopeId: rule.scope_id,
        zone: 'Africa/Casablanca',
        from,
        to: world.now,
      });
      const state = startWatch(rule.parameters);
      const { outcomes } = replay(rule.parameters, state, hours);
      const newest = await one<{ state: unknown; hour: Date }>(
        db,
        'select state, hour from alert_checkpoints order by hour desc limit 1',
      );
      expect(newest?.hour.getTime()).toBe(world.now.getTime() - HOUR_MS);
      expect(newest?.state).toEqual(JSON.parse(JSON.stringify(state)));
      const stored = await readOutcomes(db, rule, from, world.now);
      expect(stored.map(({ at, open, held, learning }) => ({ at, open, held, learning }))).toEqual(
        outcomes.map(({ at, open, held, learning }) => ({ at, open, held, learning })),
      );
      expect(stored.map(({ events }) => events)).toEqual(
        JSON.parse(JSON.stringify(outcomes.map(({ events }) => events))),
      );
    }),
    { numRuns: 12, seed: 4_711 },
  );
});

test('a change of the calendar is looked at from its first day on', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule({ channels: [await world.channel()] });
  await world.learn(rule.scope_id);
  await world.pass(usual(3, { seed: 2 }), rule.scope_id);
  const [from, to] = [ago(world, 24 * 9), ago(world, 24 * 2)];
  await run(db, `insert into calendar (name, from_day, to_day) values ('ramadan', $1, $2)`, [from, to]);
  await lookAgain(db, from, to);
  await world.evaluate();
  const hours = await readScopeHours(db, {
    scopeId: rule.scope_id,
    zone: 'Africa/Casablanca',
    from: ago(world, 24 * 21 + 3),
    to: world.now,
  });
  expect(hours.filter(({ ramadan }) => ramadan).length).toBeGreaterThan(24 * 6);
  const state = startWatch(rule.parameters);
  replay(rule.parameters, state, hours);
  const newest = await one<{ state: unknown }>(db, 'select state from alert_checkpoints order by hour desc limit 1');
  expect(newest?.state).toEqual(JSON.parse(JSON.stringify(state)));
  expect(await evaluateRule(world.deps, rule.id)).toBeUndefined();
});

test('checkpoints are a day apart, and of the last hour', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule();
  await world.learn(rule.scope_id);
  await world.pass(usual(30, { seed: 2 }), rule.scope_id);
  const hours = await many<{ hour: Date }>(db, 'select hour from alert_checkpoints order by hour');
  const [newest, ...days] = hours.map(({ hour }) => hour).toReversed();
  expect(newest).toEqual(ago(world, 1));
  expect(new Set(days.map((hour) => hour.getUTCHours()))).toEqual(new Set([23]));
  expect(days).toHaveLength(22);
});

describe('a rule that changes', () => {
  const body = (rule: { body: RuleBody }, change: Record<string, unknown>) =>
    RuleBody.parse({ ...rule.body, ...change });

  test('replays its history, and carries its open alert on', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(fallen(6), rule.scope_id);
    await world.deliverDue();
    const before = await world.alert();
    const changed = await changeRule(
      world.deps,
      { id: rule.id, by: 'amal', version: 1 },
      body(rule, { sensitivity: 'sensitive' }),
    );
    expect(changed.version).toBe(2);
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ id: before.id, state: 'firing', rule_version: 1 }]);
    await world.pass(usual(30, { seed: 55 }), rule.scope_id);
    expect(await world.alerts()).toMatchObject([{ id: before.id, state: 'resolved', resolution: 'recovered' }]);
    expect((await world.outbox()).map(({ type }) => type)).toContain('resolved');
  });

  test('ends an open alert that it would not have raised', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(fallen(6), rule.scope_id);
    await world.deliverDue();
    await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { minimum_posts: 100_000 }));
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ state: 'resolved', resolution: 'rule_changed' }]);
  });

  test('ends its open alerts when it looks at something else, at another scope, or no more', async ({ db }) => {
    for (const [index, change] of [
      { metric: 'posts' },
      { scope: { topic: ['water'] } },
      { mode: 'paused' },
    ].entries()) {
      const world = new World(db, START);
      const rule = await world.rule({ name: `Mood ${index}`, channels: [await world.channel(`team ${index}`)] });
      await world.learn(rule.scope_id);
      await world.pass(fallen(6), rule.scope_id);
      await world.deliverDue();
      expect((await world.alerts()).at(-1)?.state).toBe('firing');
      await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, change));
      expect((await world.alerts()).at(-1)).toMatchObject({ state: 'resolved', resolution: 'rule_changed' });
      expect((await world.outbox()).at(-1)).toMatchObject({ type: 'resolved', state: 'waiting' });
      await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { ...change, mode: 'paused' }));
      await run(db, 'truncate scope_hours');
    }
  });

  test('does not miss an hour that closed just before the change', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.write(rule.scope_id, world.now, fallen(5));
    world.now = new Date(world.now.getTime() + 5 * HOUR_MS + 120_000);
    await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { owner: 'press office' }));
    await world.evaluate();
    expect(await world.alerts()).toMatchObject([{ state: 'firing', rule_version: 2 }]);
  });

  test('says nothing of the time in which it was paused', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()], mode: 'paused' });
    await world.learn(rule.scope_id);
    await world.pass([...fallen(8), ...usual(40, { seed: 3 })], rule.scope_id);
    await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { mode: 'live' }));
    await world.evaluate();
    expect(await world.alerts()).toEqual([]);
    await world.pass(fallen(8, 9), rule.scope_id);
    expect(await world.alerts()).toHaveLength(1);
  });

  test('that was paused for a moment speaks again when it gets worse', async ({ db }) => {
    const world = new World(db, START);
    const rule = await world.rule({ channels: [await world.channel()] });
    await world.learn(rule.scope_id);
    await world.pass(usual(8, { seed: 7, shift: 0.5 }), rule.scope_id);
    expect(await world.alerts()).toMatchObject([{ state: 'firing' }]);
    await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { mode: 'paused' }));
    await changeRule(world.deps, { id: rule.id, by: 'amal' }, body(rule, { mode: 'live' }));
    await world.evaluate();
    expect(await world.alerts()).toHaveLength(1);
    await world.pass(fallen(8), rule.scope_id);
    expect((await world.alerts()).map(({ resolution }) => resolution)).toEqual(['rule_changed', null]);
  });
});

test('a shadow rule and a rule of the sample write alerts and no messages', async ({ db }) => {
  const world = new World(db, START);
  const channels = [await world.channel()];
  const shadow = await world.rule({ channels, mode: 'shadow' });
  const sample = await world.rule({ name: 'Sample', channels, scope: { topic: ['water'] } }, { sample: true });
  await world.learn(shadow.scope_id);
  await world.write(sample.scope_id, ago(world, 24 * 40), [...usual(24 * 30), ...fallen(40), ...usual(24 * 5)]);
  await world.pass(fallen(6), shadow.scope_id);
  const alerts = await world.alerts();
  expect(alerts).toMatchObject([
    { rule_id: sample.id, sample: true, state: 'resolved' },
    { rule_id: shadow.id, mode: 'shadow', state: 'firing' },
  ]);
  await world.wait(30 * HOUR_MS);
  expect(await world.outbox()).toEqual([]);
});

test('rules hold their fire without data, say so once, and go on afterwards', async ({ db }) => {
  const world = new World(db, START);
  const channel = await world.channel();
  const first = await world.rule({ channels: [channel] });
  await world.rule({ name: 'Negative', metric: 'negative_posts', channels: [channel] });
  await world.learn(first.scope_id);
  const hole = Array.from({ length: 9 }, () => ({ neg: 0, neu: 0, pos: 0, complete: false }));
  await world.pass(hole, first.scope_id);
  expect((await world.outbox()).map(({ type, alert }) => [type, alert])).toEqual([['no_data', null]]);
  expect(await world.alerts()).toEqual([]);
  await world.pass([...usual(3, { seed: 8 }), ...fallen(8)], first.scope_id);
  expect((await world.alerts()).map(({ signal }) => signal)).toContain('net_down');
  expect((await world.outbox()).filter(({ type }) => type === 'no_data')).toHaveLength(1);
});

test('an evaluation waits for another of the same rule, and finds it done', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule();
  await world.write(rule.scope_id, ago(world, 48), usual(48));
  let late: Promise<unknown> | undefined;
  await inTransaction(db, async (tx) => {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`sada.rule.${rule.id}`]);
    late = evaluateRule(world.deps, rule.id);
    expect(await world.count('alert_decisions')).toBe(0);
  });
  expect(await late).toMatchObject({ hours: 48 });
});
