/**
 * The main job on real input, through the product's own doors: `sada all` runs, files go in through the CLI, posts
 * through the API; the database is read only to check.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importFiles, inSada, stopwatch } from '../helpers/acceptance.ts';
import { wrongCells } from '../helpers/builders.ts';
import { clientOf } from '../helpers/client.ts';
import { corpus, feedFiles, titleWith } from '../helpers/corpora.ts';
import { ALL_TIME, everyDoorCounts, sum } from '../helpers/counting.ts';
import { until } from '../helpers/drivers.ts';
import { countItems, serveFeeds } from '../helpers/realFeeds.ts';
import { type RunningSada, runCli, sadaEnvironment } from '../helpers/sada.ts';
import type { Site } from '../helpers/webServer.ts';

const FEEDS = 'feeds/rss-parser';
const ENCODINGS = 'feeds/kurtmckee-feedparser/encoding';
const ARTICLE = 'seed/hub-numerique.txt';
const WAIT_MS = 240_000;

/** Feeds whose server is down when they are added: what the schedule is for. */
const DOWN_AT_FIRST = ['guardian.rss', 'heise.atom', 'uolNoticias.rss'];

/** Everything of the corpora that is no feed. */
const CANNOT_BE_READ: Record<string, string> = { 'unrecognized.rss': 'not_a_feed' };

describe('real feeds', () => {
  test.skipIf(!corpus(FEEDS) || !corpus(ENCODINGS))(
    titleWith(
      'are collected on their schedule, stored once and served; one that cannot be read harms no other',
      FEEDS,
      ENCODINGS,
    ),
    async () => {
      const files = [...feedFiles(FEEDS), ...feedFiles(ENCODINGS)];
      expect(feedFiles(FEEDS).length).toBeGreaterThanOrEqual(12);
      const site = await serveFeeds(files);
      const unwell = await serveFeeds(files, { downAtFirst: true });
      const lap = stopwatch();
      try {
        await inSada({ FETCH_ALLOW_PRIVATE: `${site.hostAndPort},${unwell.hostAndPort}` }, async (sada) => {
          lap('start');
          const api = clientOf(sada.url);
          const ids = new Map<string, number>();
          for (const { name } of files) {
            const { url } = DOWN_AT_FIRST.includes(name) ? unwell : site;
            const source = { kind: 'feed', url: `${url}/${name}`, name, keep: 'all', every_minutes: 1 };
            ids.set(name, (await api.post('/v1/sources', source)).body.id);
          }
          lap(`${files.length} feeds added`);
          const sources = await everyFeedRead(sada, files.length);
          lap('every feed collected');

          // the first visit found these three down; nobody asked again but the schedule
          for (const name of DOWN_AT_FIRST) {
            expect(unwell.asked.filter((path) => path === `/${name}`).length, name).toBeGreaterThanOrEqual(2);
          }
          const refused = sources.filter(({ error }) => error !== null);
          expect(Object.fromEntries(refused.map(({ name, error }) => [name, error?.code]))).toEqual(CANNOT_BE_READ);
          for (const { name, error, health, failures } of refused) {
            expect(error?.detail, name).toMatch(/\w+ \w+ \w+/);
            expect({ health, failures: failures > 0 }, name).toEqual({ health: 'failing', failures: true });
          }

          const expected = countItems(files);
          const got = Object.fromEntries(sources.map(({ name, counts }) => [name, broughtBy(counts)]));
          expect(got).toEqual(expected.byFile);
          await everyDoorCounts(sada, expected.distinct, ALL_TIME);
          lap('counted');

          await secondCollection(sada, [site, unwell], ids, expected);
          lap('collected again');
        });
      } finally {
        await site.close();
        await unwell.close();
      }
    },
  );
});

type SourceAnswer = {
  id: number;
  name: string;
  health: string;
  failures: number;
  error: { code: string; detail: string } | null;
  last_run_at: string | null;
  last_success_at: string | null;
  counts: Record<string, number>;
};

async function listSources(sada: RunningSada): Promise<SourceAnswer[]> {
  return (await clientOf(sada.url).get('/v1/sources')).body.sources;
}

/** Waits until each feed was read or refused for good. */
function everyFeedRead(sada: RunningSada, n: number): Promise<SourceAnswer[]> {
  return until(
    `${n} feeds to be collected`,
    async () => {
      const sources = await listSources(sada);
      const settled = sources.filter(
        ({ name, error, last_success_at }) =>
          last_success_at !== null || (error !== null && error.code === CANNOT_BE_READ[name]),
      );
      return settled.length === n ? sources : undefined;
    },
    WAIT_MS,
  );
}

const broughtBy = (counts: Record<string, number>) =>
  sum(Object.entries(counts), ([outcome, n]) => (['added', 'seen', 'edited', 'stale'].includes(outcome) ? n : 0));

/** A visit to every feed that was read: nothing is new. */
async function secondCollection(
  sada: RunningSada,
  sites: readonly Site[],
  ids: ReadonlyMap<string, number>,
  { distinct }: { distinct: number },
): Promise<void> {
  const made = await runCli(
    ['keys', 'create', '--name', 'second collection', '--scope', 'write:sources'],
    sadaEnvironment(sada.dataDir),
  );
  expect(made.code, made.stderr).toBe(0);
  const authorization = `Bearer ${made.stdout.trim()}`;
  const api = clientOf(sada.url);
  const before = await listSources(sada);
  const readBefore = before.filter(({ error }) => error === null);
  const askedBefore = sites.map(({ asked }) => asked.length);
  for (const { name } of readBefore) await api.post(`/v1/sources/${ids.get(name)}/run`, {}, { authorization });
  const after = await until(
    'a second visit to every feed',
    async () => {
      const now = await listSources(sada);
      const runAgain = readBefore.filter(
        ({ id, last_run_at }) => now.find((source) => source.id === id)?.last_run_at !== last_run_at,
      );
      return runAgain.length === readBefore.length ? now : undefined;
    },
    WAIT_MS,
  );
  const again = new Set(sites.flatMap(({ asked }, index) => asked.slice(askedBefore[index])));
  expect(readBefore.filter(({ name }) => !again.has(`/${name}`))).toEqual([]);
  expect(after.map(({ counts }) => counts.added ?? 0)).toEqual(before.map(({ counts }) => counts.added ?? 0));
  await everyDoorCounts(sada, distinct, ALL_TIME);
}

describe('the article that began it', () => {
  test.skipIf(!corpus(ARTICLE))(
    titleWith('is understood the same whether it is pushed or imported', ARTICLE),
    async () => {
      const text = readFileSync(corpus(ARTICLE) ?? '', 'utf8').trim();
      const [title = ''] = text.split('\n');
      const published_at = new Date(Date.now() - 2 * 3_600_000).toISOString();
      await inSada({}, async (sada) => {
        const api = clientOf(sada.url);
        const article = {
          site: 'hub.example',
          external_id: 'hub-numerique',
          kind: 'article',
          title,
          text,
          published_at,
        };
        const key = { 'idempotency-key': 'hub-1' };
        expect((await api.post('/v1/posts', { posts: [article] }, key)).body).toMatchObject({
          accepted: 1,
          invalid: 0,
        });
        const repeated = await api.post('/v1/posts', { posts: [article] }, key);
        expect(repeated.headers.get('idempotency-replayed')).toBe('true');
        const pushed = await onlyPost(sada, 'site', 'hub.example');
        expectHub(pushed, text);

        const file = join(sada.dataDir, 'hub.ndjson');
        const row = { id: 'hub-numerique', date: published_at, title, text, kind: 'article' };
        await writeFile(file, `${JSON.stringify({ ...row })}\n`);
        const [report] = await importFiles(sada, [file]);
        expect(report).toMatchObject({ rows: 1, invalid: 0, outcomes: { added: 1 } });
        const imported = await onlyPost(sada, 'site', 'import');
        expectHub(imported, text);
        for (const name of [
          'language',
          'label',
          'score',
          'topics',
          'entities',
          'title',
          'text',
          'published_at',
          'kind',
        ]) {
          expect(imported[name], name).toEqual(pushed[name]);
        }

        // under the site's own name, it is the post that is known already
        const [again] = await importFiles(sada, [file], '--site', 'hub.example', '--name', 'hub again');
        expect(again).toMatchObject({ rows: 1, invalid: 0, outcomes: { seen: 1 } });
        const byTopic = (await api.get('/v1/breakdown?by=topic&period=24h')).body;
        expect(byTopic.total.n).toBe(2);
        expect(byTopic.rows.find(({ key: code }: { key: string }) => code === 'data_centres')).toMatchObject({
          n: 2,
          scored: 2,
        });
        expect((await api.get('/v1/series?topic=data_centres&period=24h')).body.total).toMatchObject({
          n: 2,
          not_scored: 0,
        });
        const [line] = (await api.csv('/v1/posts?period=24h')).filter(({ site }) => site === 'hub.example');
        expect(line).toMatchObject({ text, title, language: 'fr', label: 'positive' });
        expect(await wrongCells(sada.db)).toEqual([]);
      });
    },
  );
});

// biome-ignore lint/suspicious/noExplicitAny: the answer of the API, of which the test says what it expects
type Served = any;

/** The one post of a site, with everything that the API says of it, once it is there. */
async function onlyPost(sada: RunningSada, field: 'site', value: string): Promise<Served> {
  const api = clientOf(sada.url);
  return until(
    `the post of ${value}`,
    async () => {
      const { posts } = (await api.get('/v1/posts?period=24h&limit=100')).body;
      const found = posts.filter((post: Served) => post[field] === value);
      if (found.length === 0) return undefined;
      expect(found.length).toBe(1);
      return (await api.get(`/v1/posts/${found[0].id}`)).body;
    },
    WAIT_MS,
  );
}

function expectHub(post: Served, text: string): void {
  expect(post).toMatchObject({ text, language: 'fr', label: 'positive', kind: 'article' });
  const topics = post.topics.map(({ topic }: { topic: string }) => topic);
  expect(topics).toEqual(expect.arrayContaining(['data_centres', 'investment', 'jobs', 'regional_role']));
  const words = (entity: string) =>
    post.entities
      .filter((mention: Served) => mention.entity === entity)
      .map(({ start, end }: { start: number; end: number }) => post.text.slice(start, end));
  expect(words('city:casablanca')).toEqual(['Casablanca']);
  expect(words('city:rabat')).toEqual(['Rabat']);
  expect(words('city:tangier')).toEqual(['Tanger']);
  expect(new Set(words('country:morocco'))).toEqual(new Set(['Maroc']));
  expect(words('company:google')).toEqual(['Google']);
}
