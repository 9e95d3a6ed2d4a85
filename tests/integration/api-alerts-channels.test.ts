/** /v1/channels, /v1/deliveries, /v1/silences, /v1/calendar, /v1/audit: kept by version, told on, and silent of secrets. */
import pino from 'pino';
import { openSecrets } from '../../shared/channels.ts';
import { createSeal } from '../../shared/seal.ts';
import { findRule } from '../../shared/store/alertRules.ts';
import { findChannel } from '../../shared/store/channels.ts';
import { type Db, many, run } from '../../shared/store/db.ts';
import { findDelivery } from '../../shared/store/deliveries.ts';
import { alertApi, told, withAlert } from '../helpers/alertApi.ts';
import { HOUR_MS } from '../helpers/alertWorld.ts';
import { keyHeader, startApi } from '../helpers/api.ts';
import { TEST_SECRET } from '../helpers/databases.ts';
import { expect, test } from '../helpers/db.ts';

const TOKEN = 'xoxb-123456789012-very-secret';
const SLACK = { name: 'press', kind: 'slack', settings: { channel: 'C0123' }, secrets: { bot_token: TOKEN } };
const HOOK = 'https://hooks.example/services/T0/secret-path';

test('a channel is added, changed, paused and removed by version; rules get their share of its budget', async ({
  db,
}) => {
  const { api, world } = await alertApi(db);
  const made = await api.call('/v1/channels', { json: { ...SLACK, budget: 2 } });
  expect([made.status, made.headers.get('etag'), made.headers.get('location')]).toEqual([201, '"1"', '/v1/channels/1']);
  expect(made.body).toMatchObject({
    signing_secret: null,
    channel: {
      ...{ id: 1, version: 1, name: 'press', kind: 'slack', state: 'active', host: null },
      secrets: { bot_token: { configured: true, reference: null } },
      settings: { channel: 'C0123', language: 'fr' },
      budget: { a_month: 2, rules: [], at_most: 0 },
    },
  });
  const path = '/v1/channels/1';
  const rule = await world.rule({ channels: [1] });
  expect((await api.call(path)).body.budget).toMatchObject({
    rules: [{ id: rule.id, at_most: 1, capped: false }],
    at_most: 1,
  });

  expect((await api.change('PATCH', path, undefined, { budget: 0.5 })).status).toBe(428);
  expect((await api.change('PATCH', path, 9, { budget: 0.5 })).status).toBe(412);
  const narrow = await api.change('PATCH', path, 1, { budget: 0.5 });
  expect(narrow.body).toMatchObject({
    version: 2,
    budget: { a_month: 0.5, rules: [{ at_most: 0.5, capped: true }], at_most: 0.5 },
  });
  expect((await findRule(db, rule.id))?.parameters.alert_at).toBe(1_440);

  const paused = await api.change('PATCH', path, 2, { state: 'paused', name: 'press room' });
  expect([paused.status, paused.body.state, paused.body.name]).toEqual([200, 'paused', 'press room']);
  const resumed = await api.change('PATCH', path, paused.body.version, { state: 'active' });
  expect(resumed.body.state).toBe('active');
  expect((await api.call('/v1/channels')).body.channels).toEqual([resumed.body]);

  expect((await api.change('DELETE', path, undefined)).status).toBe(428);
  expect((await api.change('DELETE', path, 1)).status).toBe(412);
  expect((await api.change('DELETE', path, resumed.body.version)).status).toBe(204);
  expect((await api.call(path)).status).toBe(404);
  expect((await findRule(db, rule.id))?.parameters.alert_at).toBe(720);
  const { entries } = (await api.call('/v1/audit?object=channel&object_id=1')).body;
  expect(entries.map(({ action }: { action: string }) => action)).toEqual([
    'deleted',
    'changed',
    'changed',
    'changed',
    'created',
  ]);
});

test('a secret goes in and never comes out: not in answers, problems, audit or log', async ({ db }) => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const api = await startApi(db, { log });
  const answers = [
    await api.call('/v1/channels', { json: SLACK }),
    await api.call('/v1/channels', { json: { name: 'chat', kind: 'discord', secrets: { url: HOOK } } }),
    await api.call('/v1/channels', { json: { name: 'by name', kind: 'discord', secrets: { url: 'env:DISCORD_URL' } } }),
    await api.call('/v1/channels', { json: SLACK }), // the name is taken
    await api.call('/v1/channels', { json: { ...SLACK, name: 'both', secrets: { bot_token: TOKEN, url: HOOK } } }),
    await api.call('/v1/channels', { json: { ...SLACK, name: 'wrong', secrets: { bot_token: `wrong-${TOKEN}` } } }),
    await api.call('/v1/channels', { json: { ...SLACK, name: 'misplaced', settings: { bot_token: TOKEN } } }),
    await api.call('/v1/channels/1', {
      method: 'PATCH',
      json: { secrets: { bot_token: `${TOKEN}-2` } },
      headers: { 'if-match': '"1"' },
    }),
    await api.call('/v1/channels/1/test', { method: 'POST' }),
    await api.call('/v1/channels'),
    await api.call('/v1/channels/1'),
    await api.call('/v1/deliveries'),
    await api.call('/v1/audit'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([
    201, 201, 201, 409, 422, 422, 422, 200, 202, 200, 200, 200, 200,
  ]);
  expect(answers[1]?.body.channel).toMatchObject({
    host: 'hooks.example',
    secrets: { url: { configured: true, reference: null } },
  });
  expect(answers[2]?.body.channel.secrets).toEqual({ url: { configured: true, reference: 'env:DISCORD_URL' } });
  const said = [
    ...answers.map(({ text }) => text),
    ...lines,
    JSON.stringify(await many(db, 'select * from audit_log')),
  ].join('\n');
  expect(said).not.toContain('very-secret');
  expect(said).not.toContain('secret-path');
  const stored = await findChannel(db, 1);
  expect(stored && openSecrets(createSeal(TEST_SECRET), stored)).toEqual({ bot_token: `${TOKEN}-2` });
  const hook = await api.call('/v1/channels', { json: { name: 'hook', kind: 'webhook', secrets: { url: HOOK } } });
  expect(hook.body.signing_secret).toMatch(/^whsec_/);
  expect((await api.call(`/v1/channels/${hook.body.channel.id}`)).text).not.toContain(hook.body.signing_secret);
});

test.for([
  [{ name: 'x'.repeat(81) }, '/name'],
  [{ kind: 'pigeon' }, '/kind'],
  [{ settings: { channel: 'not a channel' } }, '/settings/channel'],
  [{ settings: { language: 'de', channel: 'C1' } }, '/settings/language'],
  [{ settings: {} }, '/settings/channel'],
  [{ secrets: {} }, '/secrets'],
  [{ secrets: { token: 'x' } }, '/secrets'],
  [{ budget: 0 }, '/budget'],
  [{ colour: 'red' }, '/colour'],
] as const)('a channel that is not right names the field: %j', async ([wrong, pointer], { db }) => {
  const { api } = await alertApi(db);
  expect(told(await api.call('/v1/channels', { json: { ...SLACK, ...wrong } }))).toEqual([422, pointer]);
});

test('a test is a delivery of its own, for a worker to send', async ({ db }) => {
  const { api } = await alertApi(db);
  await api.call('/v1/channels', { json: SLACK });
  const { status, body, headers } = await api.call('/v1/channels/1/test', { method: 'POST' });
  expect([status, body.queued, headers.get('location')]).toEqual([202, true, `/v1/deliveries/${body.delivery}`]);
  expect(api.jobs).toEqual([
    { name: 'deliver', data: { delivery_id: body.delivery }, key: `deliver-${body.delivery}` },
  ]);
  expect((await api.call(`/v1/deliveries/${body.delivery}`)).body).toMatchObject({
    ...{ alert: null, type: 'test', state: 'waiting', attempts: 0, channel: { id: 1, name: 'press' } },
  });
  expect((await api.call('/v1/channels/7/test', { method: 'POST' })).status).toBe(404);
});

test('deliveries are listed page by page, and only a dead letter is replayed', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const channel = await world.channel();
  const { alert } = await withAlert(world, { channels: [channel] });
  for (let i = 0; i < 4; i++) await api.call(`/v1/channels/${channel}/test`, { method: 'POST' });
  const { deliveries } = (await api.call('/v1/deliveries?limit=100')).body;
  const paged: unknown[] = [];
  for (let path: string | null = '/v1/deliveries?limit=2'; path; ) {
    const { body } = await api.call(path);
    paged.push(...body.deliveries);
    path = body.next_cursor && `/v1/deliveries?limit=2&cursor=${body.next_cursor}`;
  }
  expect([paged.length, paged]).toEqual([deliveries.length, deliveries]);
  const of = (await api.call(`/v1/deliveries?alert=${alert.id}`)).body.deliveries;
  expect(of.every((one: { alert: number }) => one.alert === alert.id)).toBe(true);
  expect((await api.call('/v1/deliveries?channel=99')).body.deliveries).toEqual([]);
  const [{ id }] = of;
  const replay = (of: string) => api.call(`/v1/deliveries/${of}/replay`, { method: 'POST' });
  expect((await replay(id)).status).toBe(409);
  await run(
    db,
    `update deliveries set state = 'dead', attempts = 10, receipt = '{"underway": {"failed": 10, "paced": 0, "sure": 0, "body": "{}"}}' where id = $1`,
    [id],
  );
  expect((await api.call('/v1/deliveries?state=dead')).body.deliveries).toMatchObject([{ id, state: 'dead' }]);
  expect((await replay(id)).body).toEqual({ delivery: id, queued: true });
  expect(await findDelivery(db, id)).toMatchObject({ state: 'waiting' });
  expect(api.jobs.at(-1)).toMatchObject({ name: 'deliver', data: { delivery_id: id } });
  expect((await api.call('/v1/audit?object=delivery')).body.entries).toMatchObject([
    { action: 'replayed', object_id: id },
  ]);
  expect((await replay('00000000-0000-4000-8000-000000000000')).status).toBe(404);
  expect((await api.call('/v1/deliveries/1')).status).toBe(404);
  expect(told(await api.call('/v1/deliveries?state=lost'))).toEqual([422, '?state']);
});

test('a silence hides, is listed, and is ended early by version', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const { rule, alert } = await withAlert(world);
  const ends = new Date(world.now.getTime() + 6 * HOUR_MS).toISOString();
  const made = await api.call('/v1/silences', {
    json: { matcher: { rules: [rule.id] }, ends_at: ends, reason: 'Known outage' },
  });
  expect([made.status, made.body.state, made.body.created_by]).toEqual([201, 'active', 'local']);
  expect((await api.call(`/v1/alerts/${alert.id}`)).body.silenced_by).toBe(made.body.id);
  const later = {
    matcher: { severities: ['info'] },
    starts_at: ends,
    ends_at: '2026-12-31T00:00:00+01:00',
    reason: 'Holiday',
  };
  expect((await api.call('/v1/silences', { json: later })).body).toMatchObject({
    state: 'planned',
    ends_at: '2026-12-30T23:00:00.000Z',
  });
  const path = `/v1/silences/${made.body.id}`;
  world.now = new Date(world.now.getTime() + 60_000);
  expect((await api.change('POST', `${path}/end`, undefined)).status).toBe(428);
  expect((await api.change('POST', `${path}/end`, 5)).status).toBe(412);
  expect((await api.change('POST', `${path}/end`, 1)).body).toMatchObject({
    state: 'ended',
    ended_by: 'local',
    version: 2,
  });
  expect((await api.change('POST', `${path}/end`, 2)).status).toBe(409);
  expect((await api.change('POST', '/v1/silences/99/end', 1)).status).toBe(404);
  expect((await api.call(`/v1/alerts/${alert.id}`)).body.silenced_by).toBe(null);
  const states = async (query: string) =>
    (await api.call(`/v1/silences?${query}`)).body.silences.map((one: { state: string }) => one.state);
  expect(await states('')).toEqual(['planned', 'ended']);
  expect(await states('state=open')).toEqual(['planned']);
  const { body: page } = await api.call('/v1/silences?limit=1');
  expect(await states(`limit=1&cursor=${page.next_cursor}`)).toEqual(['ended']);
  expect(
    (await api.call('/v1/audit?object=silence')).body.entries.map((one: { action: string }) => one.action),
  ).toEqual(['ended', 'created', 'created']);
});

test.for([
  [{ matcher: {} }, '/matcher'],
  [{ matcher: { rules: [99] } }, '/matcher/rules/0'],
  [{ matcher: { signals: ['mood'] } }, '/matcher/signals/0'],
  [{ reason: '' }, '/reason'],
  [{ ends_at: 'soon' }, '/ends_at'],
  [{ ends_at: '2020-01-01T00:00:00Z' }, '/ends_at'],
  [{ starts_at: '2027-01-01T00:00:00Z' }, '/ends_at'],
] as const)('a silence that is not right names the field: %j', async ([wrong, pointer], { db }) => {
  const { api } = await alertApi(db);
  const json = { matcher: { severities: ['info'] }, ends_at: '2026-12-01T00:00:00Z', reason: 'x', ...wrong };
  expect(told(await api.call('/v1/silences', { json }))).toEqual([422, pointer]);
});

test('the calendar is changed by people, and rules look again at its days', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const rule = await world.rule();
  await world.learn(rule.scope_id);
  const before = await world.count('alert_decisions');
  const made = await api.call('/v1/calendar', { json: { from: '2026-11-01', to: '2026-11-01' } });
  expect([made.status, made.body]).toEqual([201, { id: 1, name: 'ramadan', from: '2026-11-01', to: '2026-11-01' }]);
  expect(await world.count('alert_decisions')).toBeLessThan(before);
  await world.evaluate();
  expect(await world.count('alert_decisions')).toBe(before);
  const put = (json: unknown, id = 1) => api.change('PUT', `/v1/calendar/${id}`, undefined, json);
  expect((await put({ from: '2026-11-02', to: '2026-11-05' })).body).toMatchObject({
    from: '2026-11-02',
    to: '2026-11-05',
  });
  expect((await api.call('/v1/calendar')).body.periods).toEqual([
    { id: 1, name: 'ramadan', from: '2026-11-02', to: '2026-11-05' },
  ]);
  expect(told(await api.call('/v1/calendar', { json: { from: '2026-11-05', to: '2026-11-09' } }))).toEqual([
    409,
    '/from',
  ]);
  expect(told(await put({ from: '2026-02-30', to: '2026-11-05' }))).toEqual([422, '/from']);
  expect(told(await put({ from: '2026-11-05', to: '2026-11-01' }))).toEqual([422, '/to']);
  expect(told(await put({ from: '2026-01-01', to: '2026-11-01' }))).toEqual([422, '/to']);
  expect((await put({ from: '2026-01-01', to: '2026-01-02' }, 9)).status).toBe(404);
  expect((await api.call('/v1/calendar/1', { method: 'DELETE' })).status).toBe(204);
  expect((await api.call('/v1/calendar/1', { method: 'DELETE' })).status).toBe(404);
  const { entries } = (await api.call('/v1/audit?object=calendar')).body;
  expect(entries.map((one: { action: string }) => one.action)).toEqual(['deleted', 'changed', 'created']);
});

async function statuses(db: Db, scopes: Parameters<typeof keyHeader>[1]): Promise<number[]> {
  const { api, world } = await alertApi(db);
  await world.channel(`of ${scopes.join(' ')}`);
  const headers = await keyHeader(db, scopes);
  const json = { matcher: { severities: ['info'] }, ends_at: '2026-12-01T00:00:00Z', reason: 'x' };
  const asked: [string, RequestInit & { json?: unknown }][] = [
    ['/v1/silences', {}],
    ['/v1/calendar', {}],
    ['/v1/channels', {}],
    ['/v1/deliveries', {}],
    ['/v1/silences', { json }],
    ['/v1/channels/1/test', { method: 'POST' }],
    ['/v1/audit', {}],
  ];
  const answers: number[] = [];
  for (const [path, init] of asked) answers.push((await api.call(path, { ...init, headers })).status);
  return answers;
}

test('reading takes read:aggregates, channels and changes write:alerts, the audit log admin', async ({ db }) => {
  expect(await statuses(db, ['read:aggregates'])).toEqual([200, 200, 403, 403, 403, 403, 403]);
  expect(await statuses(db, ['write:alerts'])).toEqual([403, 403, 200, 200, 201, 202, 403]);
  expect(await statuses(db, ['admin'])).toEqual([200, 200, 200, 200, 201, 202, 200]);
});
