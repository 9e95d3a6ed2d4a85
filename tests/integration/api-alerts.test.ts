/** /v1/alerts: listed, explained and acted upon by version; numbers equal to those of the posts behind them. */

import { createRule } from '../../shared/alertRules.ts';
import { tell } from '../../shared/alerts/sentences.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import { createLog } from '../../shared/log.ts';
import type { PostRow } from '../../shared/store/posts.ts';
import { evaluateRule } from '../../workers/alerts/evaluate.ts';
import { fillScope } from '../../workers/alerts/scopes.ts';
import { alertApi, told, withAlert } from '../helpers/alertApi.ts';
import { fallen, HOUR_MS, randomOf, usual } from '../helpers/alertWorld.ts';
import { keyHeader, storePosts } from '../helpers/api.ts';
import { aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

test('alerts are listed newest first, filtered, page by page, with their sentences', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const down = await world.rule();
  const shadow = await world.rule({ name: 'In secret', mode: 'shadow', scope: { language: ['fr'] } });
  await world.learn(down.scope_id, shadow.scope_id);
  await world.pass(fallen(8), down.scope_id, shadow.scope_id);
  await world.pass(usual(40, { seed: 3 }), down.scope_id, shadow.scope_id);
  await world.pass(fallen(8, 11), down.scope_id, shadow.scope_id);
  const all = (await api.call('/v1/alerts?limit=100')).body.alerts;
  expect(all.length).toBeGreaterThanOrEqual(4);
  const fired = all.map((alert: { fired_at: string }) => Date.parse(alert.fired_at));
  expect(fired).toEqual(fired.toSorted((a: number, b: number) => b - a));

  const paged: unknown[] = [];
  for (let path: string | null = '/v1/alerts?limit=1'; path; ) {
    const { body } = await api.call(path);
    paged.push(...body.alerts);
    path = body.next_cursor && `/v1/alerts?limit=1&cursor=${body.next_cursor}`;
  }
  expect(paged).toEqual(all);

  const some = async (query: string) => (await api.call(`/v1/alerts?limit=100&${query}`)).body.alerts;
  const where = (fits: (alert: Record<string, string> & { rule: { id: number } }) => boolean) => all.filter(fits);
  expect(await some(`rule=${shadow.id}`)).toEqual(where(({ rule }) => rule.id === shadow.id));
  expect(await some('mode=live')).toEqual(where(({ mode }) => mode === 'live'));
  expect(await some('state=resolved')).toEqual(where(({ state }) => state === 'resolved'));
  expect(await some('state=firing,recovering,resolved')).toEqual(all);
  expect(await some('signal=net_up')).toEqual([]);
  expect(await some('severity=critical,warning,info&sample=false')).toEqual(all);
  expect(await some('sample=true')).toEqual([]);
  const middle = all[1].fired_at;
  expect(await some(`from=${middle}`)).toEqual(where(({ fired_at }) => (fired_at ?? '') >= middle));
  expect(await some(`to=${middle}`)).toEqual(where(({ fired_at }) => (fired_at ?? '') < middle));

  const { evidence, title, sentence, ...summary } = (await api.call(`/v1/alerts/${all[0].id}`)).body;
  expect(all[0]).toMatchObject({ id: summary.id, title, sentence, before: evidence.before, now: evidence.now });
  const said = tell({
    ...{ type: 'fired', rule: summary.rule.name, signal: 'net_down', resolution: null, evidence, after: null },
    offsetMinutes: 0,
  });
  expect({ title, sentence }).toEqual(said);
  expect(Object.keys(sentence).toSorted()).toEqual(['ar', 'en', 'fr']);

  const ndjson = (await api.call('/v1/alerts', { headers: { accept: 'application/x-ndjson' } })).text
    .trim()
    .split('\n');
  expect(ndjson.map((line) => JSON.parse(line))).toEqual(all);
  const csv = (await api.call('/v1/alerts?format=csv')).text.trim().split('\r\n');
  expect(csv).toHaveLength(all.length + 1);
  expect(csv[0]).toContain('rule_name,signal');
});

test.for([
  ['?state=open', '?state'],
  ['?severity=bad', '?severity'],
  ['?from=yesterday', '?from'],
  ['?limit=0', '?limit'],
  ['?cursor=abc', '?cursor'],
  ['?sample=maybe', '?sample'],
  ['?colour=red', '?colour'],
] as const)('a wrong query is named: %s', async ([query, pointer], { db }) => {
  const { api } = await alertApi(db);
  expect(told(await api.call(`/v1/alerts${query}`))).toEqual([422, pointer]);
});

test('a cursor of another list is refused', async ({ db }) => {
  const { api } = await alertApi(db);
  for (const name of ['One', 'Two']) await api.call('/v1/alert-rules', { json: { name, metric: 'net' } });
  const cursor = (await api.call('/v1/audit?limit=1')).body.next_cursor;
  expect((await api.call(`/v1/audit?limit=1&cursor=${cursor}`)).body.entries).toMatchObject([{ object_id: '1' }]);
  for (const list of ['alerts', 'silences', 'deliveries', 'posts'])
    expect(told(await api.call(`/v1/${list}?cursor=${cursor}`))).toEqual([422, '?cursor']);
});

test('what people do needs the version that they saw, is told to open pages, and stays in the events', async ({
  db,
}) => {
  const { api, world } = await alertApi(db);
  const channel = await world.channel();
  const { alert } = await withAlert(world, { channels: [channel] });
  const path = `/v1/alerts/${alert.id}`;
  const first = await api.call(path);
  let { version } = first.body;
  expect(first.headers.get('etag')).toBe(`"${version}"`);
  expect(first.body).toMatchObject({ state: 'firing', acknowledged_at: null, silenced_by: null, speaks_for: [] });
  expect(first.body.deliveries.slice(-1)).toMatchObject([
    { alert: alert.id, type: 'fired', channel: { id: channel, name: 'team' } },
  ]);

  const reader = await fetch(`${api.url}/v1/events`);
  const until = new Date(world.now.getTime() + HOUR_MS).toISOString();
  const done: [method: string, what: string, body: unknown, after: Record<string, unknown>][] = [
    ['PUT', 'acknowledgement', { note: 'I look at it' }, { acknowledged_by: 'local' }],
    ['DELETE', 'acknowledgement', undefined, { acknowledged_by: null, acknowledged_at: null }],
    ['PUT', 'snooze', { until }, { snoozed_until: until }],
    ['DELETE', 'snooze', undefined, { snoozed_until: null }],
    ['PUT', 'verdict', { verdict: 'useful' }, { verdict: 'useful', verdict_by: 'local' }],
    ['DELETE', 'verdict', undefined, { verdict: null, verdict_by: null }],
    ['POST', 'notes', { note: 'Water again' }, {}],
    ['PUT', 'verdict', { verdict: 'noise' }, { verdict: 'noise' }],
    ['POST', 'close', {}, { state: 'resolved', resolution: 'closed' }],
  ];
  for (const [method, what, body, after] of done) {
    expect([what, (await api.change(method, `${path}/${what}`, undefined, body)).status]).toEqual([what, 428]);
    expect([what, (await api.change(method, `${path}/${what}`, version + 7, body)).status]).toEqual([what, 412]);
    const answer = await api.change(method, `${path}/${what}`, version, body);
    expect([what, answer.status]).toEqual([what, 200]);
    expect(answer.body).toMatchObject({ ...after, version: version + 1 });
    expect(answer.headers.get('etag')).toBe(`"${version + 1}"`);
    version += 1;
  }
  const { body } = await api.call(path);
  expect(body.events.slice(-9).map((event: { type: string; by: string }) => [event.type, event.by])).toEqual(
    ['acknowledged', 'acknowledged', 'snoozed', 'snoozed', 'verdict', 'verdict', 'note', 'verdict', 'resolved'].map(
      (type) => [type, 'local'],
    ),
  );
  expect((await api.call('/v1/alert-rules/1')).body).toMatchObject({ precision: 0, verdicts: { useful: 0, noise: 1 } });
  expect((await api.change('PUT', `${path}/acknowledgement`, version, {})).status).toBe(409);
  expect((await api.change('PUT', '/v1/alerts/999/acknowledgement', 1, {})).status).toBe(404);

  const seen = await read(reader, (text) => text.split('event: alert').length > 9);
  expect(seen).toContain(`"alerts":[{"id":${alert.id},"rule":1,"state":"resolved"}]`);
  expect(seen).not.toContain('Water again');
});

async function read(response: Response, isEnough: (text: string) => boolean): Promise<string> {
  const reader = response.body?.getReader();
  let text = '';
  while (reader && !isEnough(text)) text += new TextDecoder().decode((await reader.read()).value);
  await reader?.cancel();
  return text;
}

test.for([
  ['PUT', 'acknowledgement', { notes: 'x' }, '/notes'],
  ['PUT', 'snooze', { until: 'tomorrow' }, '/until'],
  ['PUT', 'snooze', { until: '2020-01-01T00:00:00Z' }, '/until'],
  ['PUT', 'verdict', { verdict: 'good' }, '/verdict'],
  ['POST', 'notes', { note: ' ' }, '/note'],
] as const)('%s %s with %j names the field', async ([method, what, body, pointer], { db }) => {
  const { api, world } = await alertApi(db);
  const { alert } = await withAlert(world);
  expect(told(await api.change(method, `/v1/alerts/${alert.id}/${what}`, '*', body))).toEqual([422, pointer]);
});

test('seeing takes read:aggregates, ids of posts and authors read:posts, acting write:alerts', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const { alert } = await withAlert(world);
  const path = `/v1/alerts/${alert.id}`;
  const numbers = { headers: await keyHeader(db, ['read:aggregates']) };
  const posts = { headers: await keyHeader(db, ['read:posts', 'read:aggregates']) };
  expect((await api.call(path, numbers)).body.evidence.examples).toEqual({ negative: [], positive: [] });
  expect((await api.call(path, posts)).body.evidence).toEqual(JSON.parse(JSON.stringify(alert.evidence)));
  const acting = await api.call(`${path}/close`, { json: {}, headers: { ...posts.headers, 'if-match': '*' } });
  expect(acting.status).toBe(403);
  const editor = await keyHeader(db, ['write:alerts']);
  expect((await api.call(path, { headers: editor })).status).toBe(403);
  expect((await api.call(`${path}/close`, { json: {}, headers: { ...editor, 'if-match': '*' } })).status).toBe(200);
});

/** Posts of an hour, each by another author in other words, so that none is put together with another. */
function postsOf(source: number, from: number, hours: number, perHour: number, negative: number): PostRow[] {
  const random = randomOf(from / HOUR_MS);
  return Array.from({ length: hours * perHour }, (_, i) => {
    const draw = random();
    const label = draw < negative ? 'negative' : draw < negative + (1 - negative) / 2 ? 'neutral' : 'positive';
    return aPostRow({
      source_id: source,
      language: 'fr',
      published_at: new Date(from + Math.floor(i / perHour) * HOUR_MS + (i % perHour) * 60_000).toISOString(),
      author_key: `${from / HOUR_MS}${i}`.padStart(32, '0'),
      model_label: label,
      model_score: { negative: -0.7, neutral: 0, positive: 0.7 }[label],
    });
  });
}

test('figures of an alert are those of the posts and of the series in its view', async ({ db }) => {
  const { api, world } = await alertApi(db);
  const source = await aSource(db, { name: 'press' });
  const start = world.now.getTime();
  const learned = 360;
  const rows = [
    ...postsOf(source.id, start - learned * HOUR_MS, learned, 8, 0.2),
    ...postsOf(source.id, start, 12, 40, 0.85),
  ];
  rows.push(...rows.slice(-20).map((row) => ({ ...row, external_id: `de-${row.external_id}`, language: 'de' }))); // not in its scope
  for (let at = 0; at < rows.length; at += 500) await storePosts(db, rows.slice(at, at + 500));
  const body = RuleBody.parse({ name: 'French mood', metric: 'net', scope: { language: ['fr'] } });
  const { id } = await createRule({ ...world.deps, now: new Date(start - 500 * HOUR_MS) }, body, 'amal');
  world.now = new Date(start + 12 * HOUR_MS + 600_000);
  await fillScope({ db, log: createLog('test', 'silent'), now: () => world.now }, 1, new AbortController().signal);
  await evaluateRule(world.deps, id);
  const [listed] = (await api.call('/v1/alerts')).body.alerts;
  const { body: alert } = await api.call(`/v1/alerts/${listed.id}`);
  expect(alert.evidence.view).toContain('language=fr');
  const { body: posts } = await api.call(`/v1/posts?${alert.evidence.view}&include=total&limit=1`);
  expect(posts.total).toBe(alert.posts);
  const { body: series } = await api.call(`/v1/series?${alert.evidence.view}`);
  expect(series.total).toMatchObject({ n: alert.posts, scored: alert.distinct_posts });
  expect(series.total.net).toBeCloseTo(alert.now, 6);
  for (const post of [...alert.evidence.examples.negative, ...alert.evidence.examples.positive])
    expect((await api.call(`/v1/posts/${post}`)).body.language).toBe('fr');
});
