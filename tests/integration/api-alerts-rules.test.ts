/** /v1/alert-rules: kept, changed by version, previewed by the very replay that runs live. */
import { describe } from 'vitest';
import { listAlerts } from '../../shared/store/alerts.ts';
import { readAudit } from '../../shared/store/audit.ts';
import { alertApi, START, told } from '../helpers/alertApi.ts';
import { fallen, HOUR_MS, usual } from '../helpers/alertWorld.ts';
import { keyHeader } from '../helpers/api.ts';
import { expect, test } from '../helpers/db.ts';

const MOOD = { name: 'Mood', metric: 'net' };

test('a rule is made with its defaults, read, replaced, and deleted by version', async ({ db }) => {
  const { api } = await alertApi(db);
  const made = await api.call('/v1/alert-rules', { json: MOOD });
  expect([made.status, made.headers.get('etag'), made.headers.get('location')]).toEqual([
    201,
    '"1"',
    '/v1/alert-rules/1',
  ]);
  expect(made.body).toMatchObject({
    ...{ id: 1, version: 1, name: 'Mood', direction: 'down', sensitivity: 'normal', state: 'learning', ready_at: null },
    scope_state: { state: 'filling', hours_from: null, filled: null },
    parameters: { alert_at: 720, signals: ['net_down'] },
  });
  expect(api.jobs).toEqual([{ name: 'fill_scope', data: { scope_id: made.body.scope_state.id }, key: 'fill-1' }]);
  const path = '/v1/alert-rules/1';
  const quiet = { ...MOOD, sensitivity: 'quiet' };
  expect((await api.change('PUT', path, undefined, quiet)).status).toBe(428);
  const replaced = await api.change('PUT', path, 1, quiet);
  expect([replaced.status, replaced.headers.get('etag'), replaced.body.sensitivity]).toEqual([200, '"2"', 'quiet']);
  const stale = await api.change('PUT', path, 1, MOOD);
  expect([stale.status, stale.body.type]).toEqual([412, '/problems/precondition_failed']);
  expect((await api.call(path)).headers.get('etag')).toBe('"2"');
  expect((await api.call('/v1/alert-rules')).body.rules).toEqual([replaced.body]);
  const { body: history } = await api.call(`${path}/versions`);
  expect(history.versions.map((one: { version: number; changed_by: string }) => [one.version, one.changed_by])).toEqual(
    [
      [2, 'local'],
      [1, 'local'],
    ],
  );
  expect((await api.change('DELETE', path, undefined)).status).toBe(428);
  expect((await api.change('DELETE', path, 1)).status).toBe(412);
  expect((await api.change('DELETE', path, 2)).status).toBe(204);
  expect((await api.call(path)).status).toBe(404);
  expect((await api.call(`${path}/versions`)).body.versions).toHaveLength(2);
  expect(await readAudit(db, { object: 'rule', limit: 10 })).toMatchObject(
    ['deleted', 'changed', 'created'].map((action) => ({ action, actor: 'local', object_id: '1' })),
  );
});

test.for(['"0"', 'W/"1"', '"one"', '"1", "2"'])('If-Match: %s matches nothing', async (tag, { db }) => {
  const { api } = await alertApi(db);
  await api.call('/v1/alert-rules', { json: MOOD });
  const answer = await api.call('/v1/alert-rules/1', { method: 'PUT', json: MOOD, headers: { 'if-match': tag } });
  expect(answer.status).toBe(412);
  expect((await api.change('PUT', '/v1/alert-rules/1', '*', MOOD)).status).toBe(200);
});

describe('a body that cannot be kept names the field, also in a preview', () => {
  test.for([
    [{ name: '' }, 422, '/name'],
    [{ metric: 'mood' }, 422, '/metric'],
    [{ scope: { label: ['negative'] } }, 422, '/scope/label'],
    [{ scope: { topic: ['nothing'] } }, 422, '/scope/topic/0'],
    [{ scope: { source: [77] } }, 422, '/scope/source'],
    [{ channels: [5] }, 422, '/channels/0'],
    [{ escalation: { after_minutes: 30, channels: [5] } }, 422, '/escalation/channels/0'],
    [{ zone: 'Africa/Nowhere' }, 422, '/zone'],
    [{ quiet_hours: [{ from: '25:00', to: '08:00' }] }, 422, '/quiet_hours/0/from'],
    [{ severity: { critical: -1 } }, 422, '/severity/critical'],
    [{ budget: 4 }, 422, '/budget'],
  ] as const)('%j', async ([wrong, status, pointer], { db }) => {
    const { api } = await alertApi(db);
    const json = { ...MOOD, ...wrong };
    expect(told(await api.call('/v1/alert-rules', { json }))).toEqual([status, pointer]);
    expect(told(await api.call('/v1/alert-rules/preview', { json }))).toEqual([status, pointer]);
    expect((await api.call('/v1/alert-rules')).body.rules).toEqual([]);
  });
});

test('the OpenAPI document says which changes are conditional', async ({ db }) => {
  const { api } = await alertApi(db);
  const { paths } = (await api.call('/v1/openapi.json')).body;
  const conditional = Object.entries<Record<string, { parameters?: { name: string; in: string }[] }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods)
        .filter(([, { parameters }]) => parameters?.some((one) => one.name === 'If-Match' && one.in === 'header'))
        .map(([method]) => `${method} ${path}`),
  );
  expect(conditional.toSorted()).toEqual(
    [
      ...['put', 'delete'].map((method) => `${method} /v1/alert-rules/{id}`),
      ...['acknowledgement', 'snooze', 'verdict'].flatMap((what) => [
        `put /v1/alerts/{id}/${what}`,
        `delete /v1/alerts/{id}/${what}`,
      ]),
      ...['notes', 'close'].map((what) => `post /v1/alerts/{id}/${what}`),
      ...['patch', 'delete'].map((method) => `${method} /v1/channels/{id}`),
      'post /v1/silences/{id}/end',
    ].toSorted(),
  );
});

test('a name that is taken is a conflict', async ({ db }) => {
  const { api } = await alertApi(db);
  await api.call('/v1/alert-rules', { json: MOOD });
  expect(told(await api.call('/v1/alert-rules', { json: MOOD }))).toEqual([409, '/name']);
});

test('a preview of a scope that nobody looked at says that it is being counted, and keeps no rule', async ({ db }) => {
  const { api } = await alertApi(db);
  const { status, body } = await api.call('/v1/alert-rules/preview', { json: MOOD });
  expect([status, body.why_none, body.backtest, body.learning]).toEqual([200, 'filling', null, true]);
  expect(api.jobs).toEqual([{ name: 'fill_scope', data: { scope_id: body.scope_state.id }, key: 'fill-1' }]);
  expect((await api.call('/v1/alert-rules')).body.rules).toEqual([]);
});

test('a preview says what the rule then does, hour by hour', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const rule = await world.rule(MOOD);
  await world.learn(rule.scope_id);
  await world.pass(usual(30, { seed: 5 }), rule.scope_id);
  await world.pass(fallen(10), rule.scope_id);
  await world.pass(usual(30, { seed: 9 }), rule.scope_id);
  const alerts = await listAlerts(db, { limit: 10 });
  expect(alerts).not.toEqual([]);

  const preview = await api.call('/v1/alert-rules/preview?days=10', { json: { ...MOOD, name: 'Another' } });
  expect(preview.status).toBe(200);
  const { backtest } = preview.body;
  // The preview knows no alarms of before its days; the rule had none.
  expect(
    backtest.alerts.map((one: Record<string, unknown>) => [
      one.signal,
      one.fired_at,
      one.started_at,
      one.before,
      one.now,
    ]),
  ).toEqual(
    alerts
      .toReversed()
      .map((one) => [
        one.signal,
        one.fired_at.toISOString(),
        one.started_at.toISOString(),
        one.evidence.before,
        one.evidence.now,
      ]),
  );
  expect(backtest.alerts[0].ended_at).toBe(alerts.at(-1)?.resolved_at?.toISOString() ?? null);
  expect(backtest.variants.map(({ sensitivity }: { sensitivity: string }) => sensitivity)).toEqual([
    'sensitive',
    'quiet',
  ]);
  expect(preview.body).toMatchObject({ learning: false, why_none: null, scope_state: { state: 'ready', filled: 1 } });
  expect(preview.body.meaning.posts_an_hour).toBeCloseTo(50, 0);
  expect(preview.body.meaning.false_alarms_a_month).toBeGreaterThan(0);
  expect(preview.body.meaning.delays.map(({ fall }: { fall: number }) => fall)).toEqual([0.2, 0.3]);
  const kept = await api.call(`/v1/alert-rules/${rule.id}/backtest?days=10`);
  expect(kept.body).toEqual(preview.body);

  // What the rule saw, by the hour: the alarm is where the alert says, and counts are those of the scope.
  const from = new Date(world.now.getTime() - 80 * HOUR_MS).toISOString();
  const { body: series } = await api.call(`/v1/alert-rules/${rule.id}/series?from=${from}`);
  expect(series.hours).toHaveLength(80);
  const alarm = series.hours.find(({ events }: { events: string[] }) => events.includes('fired'));
  expect(Date.parse(alarm.hour) + HOUR_MS).toBe(alerts.at(-1)?.fired_at.getTime());
  expect(alarm).toMatchObject({ n: 50, learning: false, held: null, open: ['net_down'] });
  expect(alarm.statistic).toBeGreaterThanOrEqual(720);
  const csv = await api.call(`/v1/alert-rules/${rule.id}/series?from=${from}&format=csv`);
  expect(csv.text.trim().split('\r\n')).toHaveLength(81);
});

test('words of the past are not kept, so a rule on terms has no back-test', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const rule = await world.rule({ name: 'Words', metric: 'terms' });
  await world.write(rule.scope_id, new Date(Date.parse(START) - 48 * HOUR_MS), usual(48));
  const { body } = await api.call(`/v1/alert-rules/${rule.id}/backtest`);
  expect([body.why_none, body.backtest, body.meaning.delays]).toEqual(['terms', null, []]);
});

test('reading takes read:aggregates, changing write:alerts', async ({ db }) => {
  const { api } = await alertApi(db);
  const reader = { headers: await keyHeader(db, ['read:aggregates', 'write:sources', 'write:topics']) };
  const editor = { headers: await keyHeader(db, ['write:alerts']) };
  expect((await api.call('/v1/alert-rules', { json: MOOD, ...reader })).status).toBe(403);
  expect((await api.call('/v1/alert-rules/preview', { json: MOOD, ...reader })).status).toBe(403);
  expect((await api.call('/v1/alert-rules', { json: MOOD, ...editor })).status).toBe(201);
  for (const path of ['', '/1', '/1/backtest', '/1/series', '/1/versions']) {
    expect((await api.call(`/v1/alert-rules${path}`, reader)).status).toBe(200);
    expect((await api.call(`/v1/alert-rules${path}`, editor)).status).toBe(403);
  }
  expect((await api.call('/v1/alert-rules/1/versions', reader)).body.versions[0].changed_by).toBe('test');
  for (const path of ['/9', '/99999999999', '/x', '/9/backtest', '/9/series', '/9/versions'])
    expect((await api.call(`/v1/alert-rules${path}`, reader)).status).toBe(404);
});
