/** Topics and terms that people add: kept, shown, counted, and refused where they are wrong. */
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { many, one, run } from '../../shared/store/db.ts';
import { FIRST_OWN_TOPIC, listTerms, readTaxonomy, saveTopics, topicsRevision } from '../../shared/store/topics.ts';
import { addTerms } from '../../shared/terms.ts';
import { ingest } from '../../workers/ingest.ts';
import { keyHeader, startApi, type TestApi } from '../helpers/api.ts';
import { aSource, ingestDeps, seen } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const NAMES = { fr: 'Tourisme', ar: 'السياحة', en: 'Tourism' };
const TOURISM = { code: 'tourism', names: NAMES };
const LONG = 'a'.repeat(101);
const term = (text: unknown, language: unknown = 'fr') => ({ terms: [{ language, term: text }] });

/** Status, and the first field that is named. */
async function told(api: TestApi, path: string, json: unknown): Promise<unknown[]> {
  const { status, body } = await api.call(path, { json });
  return [status, body.errors?.[0]?.pointer];
}

const remove = (api: TestApi, path: string) => api.call(path, { method: 'DELETE' });

test('a topic and terms are added, listed and removed, each edit with a new revision and news for readers', async ({
  db,
}) => {
  const api = await startApi(db);
  const at = await topicsRevision(db);
  const made = await api.call('/v1/topics', { json: { ...TOURISM, ...term('riad') } });
  expect(made).toMatchObject({
    status: 201,
    body: {
      topic: { ...TOURISM, own: true, terms: [{ language: 'fr', term: 'riad' }] },
      revision: at + 1,
      rescore_needed: true,
    },
  });
  const added = await api.call('/v1/topics/energy/terms', {
    json: { terms: [...term(' parc \u200f  Noor ').terms, ...term('نور ورزازات', 'ar').terms] },
  });
  expect(added).toMatchObject({
    status: 201,
    body: {
      topic: 'energy',
      terms: [{ term: 'parc Noor' }, { term: 'نور ورزازات' }],
      revision: at + 2,
      rescore_needed: true,
    },
  });
  const { body: list } = await api.call('/v1/topics');
  expect(list.revision).toBe(at + 2);
  expect(list.topics.map((topic: { code: string }) => topic.code).slice(-2)).toEqual(['trade', 'tourism']);
  const energy = list.topics.find((topic: { code: string }) => topic.code === 'energy');
  expect(energy).toMatchObject({ own: false, terms: [{ term: 'نور ورزازات' }, { term: 'parc Noor' }] });
  const [{ id }] = added.body.terms;
  expect((await remove(api, `/v1/topics/water/terms/${id}`)).status).toBe(404); // of another topic
  expect(await remove(api, `/v1/topics/energy/terms/${id}`)).toMatchObject({
    status: 200,
    body: { topic: 'energy', term: { id, term: 'parc Noor' }, revision: at + 3, rescore_needed: true },
  });
  expect((await remove(api, `/v1/topics/energy/terms/${id}`)).status).toBe(404);
  expect(await topicsRevision(db)).toBe(at + 3); // what failed raised nothing
  expect((await listTerms(db)).map(({ topic, term }) => [topic, term])).toEqual([
    ['energy', 'نور ورزازات'],
    ['tourism', 'riad'],
  ]);
  expect(await many(db, 'select event, payload from data_log order by version')).toEqual(
    ['tourism', 'energy', 'energy'].map((topic, n) => ({ event: 'topics', payload: { topic, revision: at + 1 + n } })),
  );
});

test('a topic without terms needs no rescore, and ids of people’s topics stay apart from those of the packs', async ({
  db,
}) => {
  const api = await startApi(db);
  expect((await api.call('/v1/topics', { json: TOURISM })).body).toMatchObject({ rescore_needed: false });
  expect((await api.call('/v1/topics', { json: { ...TOURISM, code: 'sports' } })).status).toBe(201);
  expect(await many(db, 'select id from topics where id > 15 order by id')).toEqual([
    { id: FIRST_OWN_TOPIC },
    { id: FIRST_OWN_TOPIC + 1 },
  ]);
  // A later version may bring a topic that somebody has made before: theirs stays, and the migration goes on.
  await saveTopics(db, [{ id: 16, code: 'tourism', names: {} }]);
  expect(await many(db, `select id, names from topics where code = 'tourism'`)).toEqual([
    { id: FIRST_OWN_TOPIC, names: NAMES },
  ]);
});

test('a topic that was added counts and filters as the others do', async ({ db }) => {
  const api = await startApi(db);
  await api.call('/v1/topics', { json: { ...TOURISM, ...term('riad', 'en') } });
  const source = await aSource(db);
  const { terms: userTerms, topicIds } = await readTaxonomy(db);
  const deps = { ...ingestDeps(db), analyser: createAnalyser({ userTerms }), topicIds };
  const events = ['A lovely riad in Fes', 'A lovely day'].map((text) => seen({ text }));
  await ingest(deps, { sourceId: source.id, importId: null, keep: 'matching' }, events, async () => undefined);
  const bounds = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z' };
  const range = new URLSearchParams(bounds);
  expect((await api.call(`/v1/posts?${range}&topic=tourism`)).body.posts).toMatchObject([
    { text: 'A lovely riad in Fes', topics: [{ topic: 'tourism' }] },
  ]);
  const { body: rows } = await api.call(`/v1/breakdown?${range}&by=topic`);
  expect(rows.rows).toMatchObject([{ key: 'tourism', n: 1 }]);
  expect((await api.call(`/v1/series?${range}&topic=tourism`)).body.total.n).toBe(1);
  expect((await api.call(`/v1/series?${range}&topic!=tourism`)).body.total.n).toBe(0);
  const body = { metrics: ['n'], by: ['topic'], ...bounds };
  expect((await api.call('/v1/query', { json: body })).body.rows).toEqual([{ topic: 'tourism', n: 1 }]);
  const wrong = { ...body, filters: { topic: ['tourism', 'weather'] } };
  expect(await told(api, '/v1/query', wrong)).toEqual([422, '/filters/topic/1']);
});

const MANY = { terms: Array.from({ length: 101 }, (_, n) => ({ language: 'fr', term: `riad ${n}` })) };

test.for<[string, unknown, number, string?]>([
  ['an empty term', term(''), 422, '/terms/0/term'],
  ['a term of spaces', term(' \u00a0 '), 422, '/terms/0/term'],
  ['a term that folds to nothing', term('!? …'), 422, '/terms/0/term'],
  ['a link', term('https://example.ma/eau'), 422, '/terms/0/term'],
  ['only the sign for capitals', term('='), 422, '/terms/0/term'],
  ['a term that is too long', term(LONG), 422, '/terms/0/term'],
  ['a term of too many words', term('un deux trois un deux trois un deux trois un deux'), 422, '/terms/0/term'],
  ['a control character', term('eau\u001b[31m'), 422, '/terms/0/term'],
  ['a NUL', term('eau\u0000'), 422, '/terms/0/term'],
  ['half of a character', term('eau\ud800'), 422, '/terms/0/term'],
  ['a number', term(5), 422, '/terms/0/term'],
  ['no term', { terms: [{ language: 'fr' }] }, 422, '/terms/0/term'],
  ['an unknown language', term('riad', 'tlh'), 422, '/terms/0/language'],
  ['no language', { terms: [{ term: 'riad' }] }, 422, '/terms/0/language'],
  ['something unknown', { terms: [{ language: 'fr', term: 'riad', weight: 1 }] }, 422, '/terms/0/weight'],
  ['an empty list', { terms: [] }, 422, '/terms'],
  ['a list that is too long', MANY, 422, '/terms'],
  ['one wrong term of three', { terms: ['riad', '-', 'fès'].flatMap((one) => term(one).terms) }, 422, '/terms/1/term'],
  ['no body', undefined, 400],
])('%s is refused, in adding and in a preview, and nothing is kept', async ([, json, status, pointer], { db }) => {
  const api = await startApi(db);
  const revision = await topicsRevision(db);
  for (const path of ['/v1/topics/water/terms', '/v1/topics/preview']) {
    if (json === undefined) expect((await api.call(path, { method: 'POST' })).status).toBe(status);
    else expect([path, ...(await told(api, path, json))]).toEqual([path, status, pointer]);
  }
  expect([await listTerms(db), await topicsRevision(db)]).toEqual([[], revision]);
});

test.for<[string, unknown, number, string]>([
  ['a code with a capital', { ...TOURISM, code: 'Tourism' }, 422, '/code'],
  ['a code in Arabic', { ...TOURISM, code: 'سياحة' }, 422, '/code'],
  ['an empty code', { ...TOURISM, code: '' }, 422, '/code'],
  ['a long code', { ...TOURISM, code: LONG }, 422, '/code'],
  ['no code', { names: NAMES }, 422, '/code'],
  ['no names', { code: 'tourism' }, 422, '/names'],
  ['no Arabic name', { ...TOURISM, names: { fr: 'a', en: 'b' } }, 422, '/names/ar'],
  ['an empty name', { ...TOURISM, names: { ...NAMES, en: ' ' } }, 422, '/names/en'],
  ['a long name', { ...TOURISM, names: { ...NAMES, fr: LONG } }, 422, '/names/fr'],
  ['a line break in a name', { ...TOURISM, names: { ...NAMES, fr: 'a\nb' } }, 422, '/names/fr'],
  ['a name in another language', { ...TOURISM, names: { ...NAMES, de: 'x' } }, 422, '/names/de'],
  ['a wrong term', { ...TOURISM, ...term('!!') }, 422, '/terms/0/term'],
  ['a code of the packs', { ...TOURISM, code: 'water' }, 409, '/code'],
])('a topic with %s is refused whole', async ([, json, status, pointer], { db }) => {
  const api = await startApi(db);
  expect(await told(api, '/v1/topics', json)).toEqual([status, pointer]);
  expect(await one(db, 'select count(*) as n from topics where id > 15')).toEqual({ n: 0 });
});

test('what is there already is a conflict that says where: in the packs, added before, twice in one request', async ({
  db,
}) => {
  const api = await startApi(db);
  const path = '/v1/topics/water/terms';
  const two = (a: string, b: string) => ({ terms: [...term(a).terms, ...term(b).terms] });
  expect((await api.call(path, { json: term('Réservoir d’oasis') })).status).toBe(201);
  expect(await told(api, path, term("reservoir d'OASIS"))).toEqual([409, '/terms/0/term']);
  expect(await told(api, path, two('oued', 'Pénurie d’eau'))).toEqual([409, '/terms/1/term']);
  const twice = await api.call(path, { json: two('oued', 'Oued') });
  expect([twice.status, twice.body.errors]).toEqual([
    409,
    [{ pointer: '/terms/1/term', detail: 'is the same as /terms/0' }],
  ]);
  expect((await api.call(path, { json: term('oued') })).status).toBe(201); // nothing of what was refused is there
  expect((await api.call(path, { json: term('oued', 'ary-Latn') })).status).toBe(201); // another language
  expect((await api.call(path, { json: term('=Oued', 'ary-Latn') })).status).toBe(201); // with its capital
  expect((await api.call('/v1/topics/energy/terms', { json: term('oued', 'ary-Latn') })).status).toBe(201);
  expect((await api.call('/v1/topics', { json: TOURISM })).status).toBe(201);
  expect(await told(api, '/v1/topics', TOURISM)).toEqual([409, '/code']);
});

test('of those who add the same term at once one succeeds, and no edit is lost', async ({ db }) => {
  const revision = await topicsRevision(db);
  const add = (text: string) =>
    addTerms(db, 'water', [{ language: 'fr', term: text }]).then(
      () => 'added',
      () => 'refused',
    );
  const results = await Promise.all(['Ksour', 'ksour', 'KSOUR', 'séguia de Fès', 'khettara'].map(add));
  expect(results.toSorted()).toEqual(['added', 'added', 'added', 'refused', 'refused']);
  expect(await topicsRevision(db)).toBe(revision + 3);
  expect(await listTerms(db)).toHaveLength(3);
});

test('there is an end to how many terms fit', async ({ db }) => {
  await run(
    db,
    `insert into topic_terms (topic, language, term) select 1, 'en', 'w' || n from generate_series(1, 4999) n`,
  );
  await addTerms(db, 'water', [{ language: 'en', term: 'aquifer recharge plan' }]);
  await expect(addTerms(db, 'water', [{ language: 'en', term: 'one more' }])).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('unknown topics, ids and methods are told apart', async ({ db }) => {
  const api = await startApi(db);
  expect((await api.call('/v1/topics/nothing/terms', { json: term('riad') })).status).toBe(404);
  expect((await api.call('/v1/topics/%00/terms', { json: term('riad') })).status).toBe(404);
  for (const id of ['0', 'x', '1e3', '99999999999', '999999999999999999']) {
    expect((await remove(api, `/v1/topics/water/terms/${id}`)).status).toBe(404);
  }
  expect((await api.call('/v1/topics/water/terms')).status).toBe(405);
  expect(await told(api, '/v1/topics/preview', { topic: 'nothing', ...term('riad') })).toEqual([422, '/topic']);
});

test('editing and trying need a scope of their own', async ({ db }) => {
  const api = await startApi(db);
  const { body } = await api.call('/v1/topics/water/terms', { json: term('riad') });
  const headers = await keyHeader(db, ['read:aggregates', 'read:posts', 'write:posts', 'write:sources']);
  const asked: [string, RequestInit & { json?: unknown }][] = [
    ['/v1/topics', { json: TOURISM }],
    ['/v1/topics/water/terms', { json: term('fès') }],
    ['/v1/topics/preview', { json: term('fès') }],
    [`/v1/topics/water/terms/${body.terms[0].id}`, { method: 'DELETE' }],
  ];
  for (const [path, init] of asked) expect((await api.call(path, { ...init, headers })).status).toBe(403);
  expect((await api.call('/v1/topics', { headers })).body.topics[5].terms).toHaveLength(1);
  const allowed = await keyHeader(db, ['write:topics']);
  for (const [path, init] of asked) {
    expect([200, 201]).toContain((await api.call(path, { ...init, headers: allowed })).status);
  }
});
