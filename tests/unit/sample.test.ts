/** The sample: repeatable, dense by day, varied, with threads, copies, a crisis and a recovery. */
import { expect, test } from 'vitest';
import { readCatalogue } from '../../infra/commands/demo.ts';
import { loadCorpus, slotsOf, VARIETIES, VARIETY_CODES } from '../../infra/sample/corpus.ts';
import { generateDay, type SamplePost } from '../../infra/sample/day.ts';
import { generateSample, SAMPLE_SEED } from '../../infra/sample/generate.ts';
import { mulberry32, wholeOf } from '../../infra/sample/random.ts';
import { DAY_MS, HOUR_MS, planDays } from '../../infra/sample/rhythm.ts';
import { splitHeadline, writeText } from '../../infra/sample/texts.ts';
import { CollectedPost } from '../../shared/contracts/collected.ts';
import { TOPIC_CODES } from '../../shared/contracts/words.ts';

const corpus = loadCorpus();
const now = new Date('2026-11-24T07:23:45Z');
const options = { seed: SAMPLE_SEED, now, days: 90 };
const plans = planDays(options);
const days = plans.map((plan) => generateDay(corpus, options, plan));
const all = days.flat();

const daysAgo = ({ post }: SamplePost, end = now) => (end.getTime() - Date.parse(post.published_at)) / DAY_MS;
const between = (from: number, to: number) => all.filter((it) => daysAgo(it) <= from && daysAgo(it) > to);
const share = (posts: readonly SamplePost[], is: (it: SamplePost) => boolean) => posts.filter(is).length / posts.length;

test('the same seed and moment give the same posts, and another seed gives others', () => {
  const short = { seed: 7, now, days: 2 };
  const once = [...generateSample(corpus, short)];
  expect([...generateSample(corpus, short)]).toEqual(once);
  expect([...generateSample(corpus, { ...short, seed: 8 })].map((p) => p.text)).not.toEqual(once.map((p) => p.text));
});

test('the written lines are many, of all varieties, topics and labels, and no two are alike', () => {
  const lines = VARIETY_CODES.flatMap((code) => corpus[code].lines);
  expect(new Set(lines.map((line) => line.text)).size).toBe(lines.length);
  expect(lines.length).toBeGreaterThanOrEqual(3_000);
  for (const code of VARIETY_CODES) {
    const own = corpus[code].lines;
    expect(new Set(own.map((line) => line.topic)).size, code).toBe(TOPIC_CODES.length);
    for (const label of ['negative', 'neutral', 'positive']) {
      expect(own.filter((line) => line.label === label).length / own.length, `${code} ${label}`).toBeGreaterThan(0.25);
    }
    for (const slot of ['opener', 'closer_any', 'closer_negative', 'closer_neutral', 'closer_positive']) {
      expect(corpus[code].slots.get(slot)?.length, `${code} ${slot}`).toBeGreaterThanOrEqual(15);
    }
  }
});

test('nobody uses a name that resembles a real company or plant', () => {
  const everything = JSON.stringify(VARIETY_CODES.map((code) => [corpus[code].lines, [...corpus[code].slots]]));
  expect(everything.match(/atlas.?cloud|[أا]طلس.?كلاود|\bnoor\b|نور[-_ ]?[1١]/giu)).toBeNull();
});

test('60,000 to 75,000 valid posts with distinct ids, and at least 60 % of distinct texts', () => {
  expect(all.length).toBeGreaterThanOrEqual(60_000);
  expect(all.length).toBeLessThanOrEqual(75_000);
  expect(new Set(all.map(({ post }) => post.external_id)).size).toBe(all.length);
  expect(new Set(all.map(({ post }) => post.text)).size / all.length).toBeGreaterThan(0.6);
  for (const { post } of all.filter((_, index) => index % 37 === 0))
    expect(CollectedPost.safeParse(post).success, post.text).toBe(true);
  expect(all.filter(({ post }) => slotsOf(post.text).length > 0)).toEqual([]);
});

test.each(['2026-11-24T07:23:45Z', '2026-03-25T23:59:30Z', '2026-09-27T12:00:00Z', '2026-02-16T00:30:00Z'])(
  'up to %s, every daytime hour of the last 14 days has 105 posts or more, and nights are quieter',
  (end) => {
    const plan = planDays({ ...options, now: new Date(end) });
    const dense = plan
      .flatMap((day) => day.hours)
      .filter((hour) => hour.from >= Date.parse(end) - 14 * DAY_MS && hour.to - hour.from === HOUR_MS);
    const daytime = dense.filter((hour) => hour.localHour >= 8 && hour.localHour <= 21);
    expect(daytime.length).toBeGreaterThanOrEqual(13 * 14);
    expect(Math.min(...daytime.map((hour) => hour.n))).toBeGreaterThanOrEqual(105);
    const mean = (hours: { n: number }[]) => hours.reduce((sum, hour) => sum + hour.n, 0) / hours.length;
    expect(mean(dense.filter((hour) => hour.localHour < 6))).toBeLessThan(mean(daytime) / 3);
    const total = plan.flatMap((day) => day.hours).reduce((sum, hour) => sum + hour.n, 0);
    expect(total).toBeGreaterThanOrEqual(60_000);
    expect(total).toBeLessThanOrEqual(75_000);
    const sparse = plan.slice(1).filter((day) => !day.dense);
    for (const day of sparse) {
      const n = day.hours.reduce((sum, hour) => sum + hour.n, 0);
      expect(n, day.day).toBeGreaterThanOrEqual(330);
      expect(n, day.day).toBeLessThanOrEqual(610);
    }
  },
);

test('hours are those of Casablanca: a day when clocks change has 25', () => {
  const day = planDays({ ...options, now: new Date('2026-09-27T12:00:00Z') }).find((plan) => plan.day === '2026-09-20');
  expect(day?.hours.length).toBe(25);
});

test('posts are in order of time, none before the 90 days and none at or after now', () => {
  const times = all.map(({ post }) => Date.parse(post.published_at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThanOrEqual(now.getTime() - 90 * DAY_MS);
  expect(times.at(-1)).toBeLessThan(now.getTime());
});

test('each variety has its share, within two points', () => {
  for (const code of VARIETY_CODES) {
    expect(Math.abs(share(all, ({ line }) => line.variety === code) - VARIETIES[code]), code).toBeLessThan(0.02);
  }
});

test('a comment hangs under an earlier post of the same topic', () => {
  const byId = new Map(all.map((it) => [it.post.external_id, it]));
  const comments = all.filter(({ post }) => post.kind === 'comment');
  expect(comments.length / all.length).toBeGreaterThan(0.15);
  const wrong = comments.filter(({ post, line }) => {
    const root = byId.get(post.thread ?? '');
    return (
      !root ||
      root.line.topic !== line.topic ||
      root.post.kind === 'comment' ||
      root.post.published_at > post.published_at
    );
  });
  expect(wrong).toEqual([]);
  const belowArticles = comments.filter(({ post }) => byId.get(post.thread ?? '')?.post.kind === 'article');
  expect(belowArticles.length).toBeGreaterThan(1_000);
  expect(new Set(belowArticles.map(({ post }) => post.site))).toEqual(new Set(['sample.comments']));
});

test('about 15 % are copies: the same text within a day, by another author', () => {
  expect(share(all, (it) => it.copy)).toBeGreaterThan(0.12);
  expect(share(all, (it) => it.copy)).toBeLessThan(0.18);
  for (const day of days) {
    const originals = new Map<string, SamplePost>();
    for (const it of day) {
      if (!it.copy) originals.set(it.post.text, originals.get(it.post.text) ?? it);
      else expect(originals.has(it.post.text), it.post.text).toBe(true);
    }
  }
  const bursts = new Map<string, number>();
  for (const { post, copy } of all) if (copy) bursts.set(post.text, (bursts.get(post.text) ?? 0) + 1);
  expect(Math.max(...bursts.values())).toBeGreaterThan(10);
});

test('the crisis is loud and bad, the recovery good, and neither is mentioned at another time', () => {
  const [before, rush, recovery] = [between(9, 6), between(6, 4.5), between(3, 0)];
  expect(rush.length / 1.5).toBeGreaterThan((2.4 * before.length) / 3);
  expect(share(rush, ({ line }) => line.label === 'negative')).toBeGreaterThan(0.6);
  expect(share(recovery, ({ line }) => line.label === 'positive')).toBeGreaterThan(0.4);
  const topics = (posts: SamplePost[]) =>
    share(posts, ({ line }) => ['data_centres', 'water', 'public_services'].includes(line.topic));
  expect(topics(rush)).toBeGreaterThan(topics(before) + 0.15);
  expect(all.filter((it) => it.line.phase === 'crisis' && (daysAgo(it) > 6 || daysAgo(it) <= 3))).toEqual([]);
  expect(all.filter((it) => it.line.phase === 'recovery' && daysAgo(it) > 3)).toEqual([]);
});

test('a text has one value a slot, articles have nothing around them, and every text keeps its own variety', () => {
  const pack = {
    variety: 'fr' as const,
    lines: [],
    slots: new Map([
      ['city', [' Fès ', 'Oujda']],
      ['opener', ['Bon, ']],
      ['closer_any', [' #Maroc']],
      ['closer_neutral', [' voilà.']],
    ]),
  };
  const line = { label: 'neutral', topic: 'jobs', phase: 'any', variety: 'fr', index: 0 } as const;
  const random = mulberry32(1);
  const texts = new Set(
    Array.from({ length: 500 }, () => writeText(random, pack, { ...line, kind: 'post', text: 'De {city} à {city}.' })),
  );
  expect([...texts].toSorted()).toEqual(
    ['Fès', 'Oujda']
      .flatMap((city) =>
        ['', 'Bon, '].flatMap((a) => ['', ' #Maroc', ' voilà.'].map((b) => `${a}De ${city} à ${city}.${b}`)),
      )
      .toSorted(),
  );
  const articles = new Set(
    Array.from({ length: 99 }, () => writeText(random, pack, { ...line, kind: 'article', text: 'À {city}.' })),
  );
  expect([...articles].toSorted()).toEqual(['À Fès.', 'À Oujda.']);
  const greeted = Array.from({ length: 99 }, () =>
    writeText(random, pack, { ...line, kind: 'post', text: 'Bon, on verra.' }),
  );
  expect(greeted.filter((text) => text.startsWith('Bon, Bon'))).toEqual([]);
});

test('an article gives its headline as a title', () => {
  expect(splitHeadline('Un centre ouvre à Fès. Il emploie 30 personnes.')).toEqual({
    title: 'Un centre ouvre à Fès',
    text: 'Un centre ouvre à Fès\n\nIl emploie 30 personnes.',
  });
  expect(splitHeadline('Une seule phrase')).toEqual({ title: 'Une seule phrase', text: 'Une seule phrase' });
});

test('a fraction of a post is one post that often', () => {
  const random = mulberry32(3);
  const mean = Array.from({ length: 20_000 }, () => wholeOf(random, 2.3)).reduce((sum, n) => sum + n, 0) / 20_000;
  expect(Math.abs(mean - 2.3)).toBeLessThan(0.02);
});

test('the default feeds of the catalogue can be added: each has a name and an address of its own', async () => {
  const feeds = await readCatalogue();
  expect(feeds.length).toBeGreaterThanOrEqual(10);
  expect(new Set(feeds.map((feed) => feed.name)).size).toBe(feeds.length);
  expect(new Set(feeds.map((feed) => feed.url)).size).toBe(feeds.length);
});
