/** What a term would match is told from the latest posts, to whom may see it, and nothing is changed by asking. */
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { type Db, many, one, run } from '../../shared/store/db.ts';
import { listTerms, readTaxonomy } from '../../shared/store/topics.ts';
import { previewTerms } from '../../shared/termPreview.ts';
import { addTerms } from '../../shared/terms.ts';
import { ingest } from '../../workers/ingest.ts';
import { keyHeader, startApi, storePosts } from '../helpers/api.ts';
import { aPostRow, aSource, ingestDeps, seen } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const WATER = { topic: 6, model_label: 'neutral' as const, human_label: null, model_score: 0 };
const KHETTARA = { language: 'fr', term: 'khettara' } as const;
const WIDE = { mostPosts: 5_000, mostMs: 120_000 };

/** 30 posts, one an hour: every third speaks of a khettara, and every sixth is about water already. */
async function storeHours(db: Db): Promise<number[]> {
  await aSource(db);
  const rows = Array.from({ length: 30 }, (_, n) =>
    aPostRow({
      published_at: new Date(Date.UTC(2026, 10, 19) + n * 3_600_000).toISOString(),
      text: n % 3 === 0 ? `👍🏽 La Khettara numéro ${n}, une khettara` : `Rien ${n}`,
      topics: n % 6 === 0 ? [WATER] : [],
    }),
  );
  const ids: number[] = [];
  for (const row of rows) ids.push(...(await storePosts(db, [row])));
  return ids;
}

test('a preview counts the posts, those that are new for the topic, and shows examples with their places', async ({
  db,
}) => {
  const ids = await storeHours(db);
  const api = await startApi(db);
  const json = { topic: 'water', terms: [KHETTARA, { language: 'fr', term: 'séguia de Fès' }] };
  const before = await many(db, 'select * from data_version');
  const { status, body } = await api.call('/v1/topics/preview', { json });
  expect([status, body]).toMatchObject([
    200,
    {
      looked_at: 30,
      since: '2026-11-19T00:00:00.000Z',
      matched: 10,
      matched_new: 5,
      terms: [
        { ...KHETTARA, matched: 10 },
        { language: 'fr', term: 'séguia de Fès', matched: 0 },
      ],
    },
  ]);
  const order = [27, 21, 15, 9, 3, 24, 18, 12, 6, 0].map((n, place) => [String(ids[n]), place < 5]);
  expect(body.examples.map((example: { id: string; new: boolean }) => [example.id, example.new])).toEqual(order);
  const [{ spans, post }] = body.examples;
  const shown = spans.map(({ start, end }: { start: number; end: number }) => post.text.slice(start, end));
  expect(shown).toEqual(['Khettara', 'khettara']);
  const { body: listed } = await api.call('/v1/posts?from=2026-11-20T03:00:00Z&to=2026-11-20T04:00:00Z');
  expect(post).toEqual(listed.posts[0]);
  const { body: noTopic } = await api.call('/v1/topics/preview', { json: { terms: [KHETTARA] } });
  expect(noTopic).toMatchObject({ matched: 10, matched_new: 10 });
  expect([await many(db, 'select * from data_version'), await listTerms(db)]).toEqual([before, []]);
});

test('a key that may not read posts gets figures and places, and no text', async ({ db }) => {
  await storeHours(db);
  const api = await startApi(db);
  const json = { topic: 'water', terms: [KHETTARA] };
  const blind = await api.call('/v1/topics/preview', { json, headers: await keyHeader(db, ['write:topics']) });
  expect(blind.body).toMatchObject({ matched: 10, matched_new: 5 });
  expect(blind.body.examples.map(({ post }: { post: unknown }) => post)).toEqual(Array(10).fill(null));
  expect(blind.text).not.toContain('numéro');
  const headers = await keyHeader(db, ['write:topics', 'read:posts']);
  expect((await api.call('/v1/topics/preview', { json, headers })).body.examples[0].post.text).toContain('numéro');
});

test('a preview ends at its bounds, with the latest posts, and leaves excluded and erased ones out', async ({ db }) => {
  const asked = { topic: 'water', terms: [KHETTARA] };
  expect(await previewTerms(db, asked)).toMatchObject({ looked: 0, since: null, matched: 0, examples: [] });
  const ids = await storeHours(db);
  expect(await previewTerms(db, asked, { ...WIDE, mostPosts: 7 })).toMatchObject({
    looked: 7,
    since: new Date('2026-11-19T23:00:00Z'),
    matched: 2,
  });
  const { looked } = await previewTerms(db, asked, { ...WIDE, mostMs: 0 });
  expect(looked).toBeGreaterThan(0);
  expect(looked).toBeLessThan(30);
  await run(db, 'update posts set excluded_at = now() where post_id = $1', [ids[27]]);
  await run(db, `update posts set text = '' where post_id = $1`, [ids[24]]);
  expect(await previewTerms(db, asked, WIDE)).toMatchObject({ looked: 28, matched: 8, matchedNew: 4 });
});

test('a preview reads page after page, and tells what the terms bring once they are added', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' } as const;
  const texts = Array.from({ length: 1_300 }, (_, n) =>
    n % 100 === 0 ? `Un centre de données personnelles, khettara ${n}` : `Texte ${n}`,
  );
  const events = () => texts.map((text) => seen({ text }));
  await ingest(ingestDeps(db), origin, events(), async () => undefined);
  // The second is hidden behind a longer term of the packs that begins before it.
  const terms = [KHETTARA, { language: 'fr' as const, term: 'données personnelles' }];
  const preview = await previewTerms(db, { topic: 'water', terms }, WIDE);
  expect(preview).toMatchObject({ looked: 1_300, matched: 13, matchedNew: 13, byTerm: [13, 0] });
  await addTerms(db, 'water', terms);
  const { terms: userTerms, topicIds } = await readTaxonomy(db);
  const deps = { ...ingestDeps(db), analyser: createAnalyser({ userTerms }), topicIds };
  await ingest(deps, origin, events(), async () => undefined);
  expect(await one(db, 'select count(*) as n from post_topics where topic = 6')).toEqual({ n: 13 });
});

test('previews that are asked for at once are all answered', async ({ db }) => {
  await storeHours(db);
  const api = await startApi(db);
  const ask = (term: string) => api.call('/v1/topics/preview', { json: { terms: [{ language: 'fr', term }] } });
  const answers = await Promise.all(['khettara', '!?', 'numéro', 'rien'].map(ask));
  expect(answers.map(({ status, body }) => [status, body.matched])).toEqual([
    [200, 10],
    [422, undefined],
    [200, 10],
    [200, 20],
  ]);
});
