/** Rules are made, changed and deleted with their budgets, versions and an account of who did what. */
import { describe } from 'vitest';
import { judge } from '../../shared/alertActions.ts';
import { changeRule, createRule, deleteRule, shareBudgets } from '../../shared/alertRules.ts';
import { defaultRules } from '../../shared/alerts/defaultRules.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import { readRule, readRules } from '../../shared/ruleStates.ts';
import { alertHealth } from '../../shared/store/alertHealth.ts';
import { findRule, lockRules, ruleVersions } from '../../shared/store/alertRules.ts';
import { readAudit } from '../../shared/store/audit.ts';
import { inTransaction, run } from '../../shared/store/db.ts';
import { fallen, HOUR_MS, usual, World } from '../helpers/alertWorld.ts';
import { expect, test } from '../helpers/db.ts';

const START = '2026-11-10T10:00:00Z';
const by = 'amal';

describe('the budget of a channel', () => {
  test('is shared by the live rules that deliver to it', async ({ db }) => {
    const world = new World(db, START);
    const channel = await world.channel('team', 2);
    const alertAt = async (id: number) => (await findRule(db, id))?.parameters.alert_at;
    const first = await world.rule({ name: 'One', channels: [channel] });
    expect(first.parameters.alert_at).toBe(720); // 720 × 1 / 2 is less than what `normal` asks for
    const second = await world.rule({ name: 'Two', channels: [channel] });
    const third = await world.rule({ name: 'Three', channels: [channel] });
    expect(third.parameters.alert_at).toBe(1_080);
    expect(await alertAt(first.id)).toBe(1_080);
    expect(await ruleVersions(db, first.id)).toMatchObject([
      { version: 2, changed_by: 'budget' },
      { version: 1, changed_by: by },
    ]);
    expect((await findRule(db, second.id))?.version).toBe(2);

    // One in shadow takes nothing from the others, and is judged as if it were live.
    await changeRule(world.deps, { id: third.id, by }, { ...third.body, mode: 'shadow' });
    expect([await alertAt(first.id), await alertAt(third.id)]).toEqual([720, 1_080]);
    await changeRule(world.deps, { id: third.id, by }, third.body);
    expect(await alertAt(first.id)).toBe(1_080);
    await changeRule(world.deps, { id: third.id, by }, { ...third.body, channels: [] });
    expect(await alertAt(first.id)).toBe(720);
    await changeRule(world.deps, { id: third.id, by }, third.body);
    await deleteRule(world.deps, { id: third.id, by });
    expect(await alertAt(first.id)).toBe(720);
  });

  test('holds also when it changes, and does not touch rules on other channels', async ({ db }) => {
    const world = new World(db, START);
    const [narrow, wide] = [await world.channel('narrow', 1), await world.channel('wide', 100)];
    const a = await world.rule({ name: 'A', channels: [narrow, wide] });
    const b = await world.rule({ name: 'B', channels: [wide] });
    expect([a.parameters.alert_at, b.parameters.alert_at]).toEqual([720, 720]);
    await run(db, 'update channels set budget = 0.5 where id = $1', [narrow]);
    const changed = await inTransaction(db, async (tx) => {
      await lockRules(tx);
      return shareBudgets(tx, world.deps, [narrow]);
    });
    expect(changed).toMatchObject([{ id: a.id, version: 2, parameters: { alert_at: 1_440 } }]);
    expect(await findRule(db, b.id)).toMatchObject({ version: 1 });
  });

  test('holds when rules are made at once', async ({ db }) => {
    const world = new World(db, START);
    const channel = await world.channel('team', 1);
    const made = await Promise.all(['A', 'B', 'C'].map((name) => world.rule({ name, channels: [channel] })));
    for (const { id } of made) expect((await findRule(db, id))?.parameters.alert_at).toBe(2_160);
  });
});

describe('a rule that cannot be kept is refused, naming the field', () => {
  test.for([
    [{ channels: [99] }, 'invalid', '/channels/0'],
    [{ escalation: { after_minutes: 30, channels: [99] } }, 'invalid', '/escalation/channels/0'],
    [{ zone: 'Africa/Nowhere' }, 'invalid', '/zone'],
    [{ name: 'Taken' }, 'conflict', '/name'],
  ] as const)('%j', async ([body, code, pointer], { db }) => {
    const world = new World(db, START);
    await world.rule({ name: 'Taken' });
    await expect(world.rule({ name: 'Other', ...body })).rejects.toMatchObject({ code, errors: [{ pointer }] });
    expect(await readRules(db)).toHaveLength(1);
  });
});

test('a change is by version, is one version, and is written down', async ({ db }) => {
  const world = new World(db, START);
  const rule = await world.rule();
  const body = RuleBody.parse({ ...rule.body, sensitivity: 'quiet' });
  expect(await changeRule(world.deps, { id: rule.id, by, version: 1 }, rule.body)).toMatchObject({ version: 1 });
  expect(await changeRule(world.deps, { id: rule.id, by, version: 1 }, body)).toMatchObject({ version: 2 });
  const late = changeRule(world.deps, { id: rule.id, by: 'omar', version: 1 }, { ...body, name: 'Late' });
  await expect(late).rejects.toMatchObject({ code: 'precondition_failed' });
  await expect(deleteRule(world.deps, { id: 999, by })).rejects.toMatchObject({ code: 'not_found' });
  await deleteRule(world.deps, { id: rule.id, by: 'omar', version: 2 });
  expect(await readRule(db, rule.id)).toBeUndefined();
  expect(await readAudit(db, { object: 'rule', objectId: rule.id, limit: 10 })).toMatchObject([
    { actor: 'omar', action: 'deleted', after: null },
    { actor: by, action: 'changed', before: { sensitivity: 'normal' }, after: { sensitivity: 'quiet' } },
    { actor: by, action: 'created', before: null },
  ]);
  // Its name is free again.
  expect(await world.rule()).toMatchObject({ name: 'Mood', version: 1 });
});

test('rules with the same filter, in whatever order, share a scope', async ({ db }) => {
  const world = new World(db, START);
  const a = await world.rule({ name: 'A', scope: { topic: ['water', 'energy'] } });
  const b = await world.rule({ name: 'B', metric: 'posts', scope: { topic: ['energy', 'water'] } });
  expect(b.scope_id).toBe(a.scope_id);
});

test('a rule says what it is doing', async ({ db }) => {
  const world = new World(db, START);
  const { id, scope_id } = await world.rule({ channels: [await world.channel()] });
  const state = async () => (await readRule(db, id))?.state;
  expect(await readRule(db, id)).toMatchObject({
    state: 'learning',
    ready_at: null,
    decided_until: null,
    precision: null,
  });
  const from = new Date(world.now.getTime() - 100 * HOUR_MS);
  await world.write(scope_id, from, usual(100));
  await world.evaluate();
  const readyAt = new Date(from.getTime() + 336 * HOUR_MS);
  expect(await readRule(db, id)).toMatchObject({ state: 'learning', ready_at: readyAt, decided_until: world.now });
  world.now = new Date(world.now.getTime() + 300 * HOUR_MS);
  await world.write(scope_id, from, usual(400));
  await world.evaluate();
  expect(await state()).toBe('watching');
  await world.pass([{ neg: 0, neu: 0, pos: 0, complete: false }], scope_id);
  expect(await state()).toBe('holding');
  await world.pass(fallen(6), scope_id);
  const alert = await world.alert();
  await judge(world.deps, { id: alert.id, by, verdict: 'useful' });
  expect(await readRule(db, id)).toMatchObject({ state: 'watching', precision: 1, verdicts: { useful: 1, noise: 0 } });
  expect(await alertHealth(db)).toMatchObject({
    open: [{ severity: 'info' }, { severity: 'warning' }, { severity: 'critical' }],
    lagSeconds: 0,
  });
  const rule = await findRule(db, id);
  for (const mode of ['shadow', 'paused'] as const) {
    await changeRule(world.deps, { id, by }, RuleBody.parse({ ...rule?.body, mode }));
    expect(await state()).toBe(mode);
  }
});

test('the rules of a new installation can be made', async ({ db }) => {
  const world = new World(db, START);
  const channels = [await world.channel('team', 4)];
  for (const body of defaultRules(channels)) await createRule(world.deps, body, 'sada');
  const rules = await readRules(db);
  expect(rules.map(({ rule }) => rule.metric)).toEqual(['net', 'negative_posts', 'posts', 'net', 'terms']);
  // Five rules with four false alarms a month: each may be wrong four times in five months.
  expect(rules[0]?.rule.parameters.alert_at).toBe(900);
});
