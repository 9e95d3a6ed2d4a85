/** Why an alert was raised: equal to a plain recount of the posts, for every kind of scope and signal. */
import { describe } from 'vitest';
import { z } from 'zod';
import { mulberry32, pick } from '../../infra/sample/random.ts';
import { composeMessage } from '../../shared/alerts/message.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import type { HourOutcome, WatchEvent } from '../../shared/alerts/watch.ts';
import { startWatch, stepWatch } from '../../shared/alerts/watch.ts';
import { AlertMessage, Evidence, RuleBody, type Segment, type Signal } from '../../shared/contracts/alerts.ts';
import { filterParameters, rangeParameters } from '../../shared/contracts/api/common.ts';
import { type Db, inTransaction, many, run } from '../../shared/store/db.ts';
import type { PostRow, TopicRow } from '../../shared/store/posts.ts';
import { countScopeHours, readScopeHours } from '../../shared/store/scopeHours.ts';
import { ensureScope, lockScope, type ScopeFilter } from '../../shared/store/scopes.ts';
import { inSnapshot } from '../../shared/store/snapshot.ts';
import { gatherEvidence } from '../../workers/alerts/evidence.ts';
import { storePosts } from '../helpers/api.ts';
import { aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const ZONE = 'Africa/Casablanca';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Start of the alarming hour, and of the alert. */
const ALARM = Date.parse('2026-11-23T12:00:00Z');
const START = ALARM - 4 * HOUR;
const END = ALARM + HOUR;
const WATER = 6;
const LABELS = ['negative', 'neutral', 'positive', 'not_scored'] as const;
type Label = (typeof LABELS)[number];

let counter = 0;
function aPost(at: number, overrides: Partial<PostRow> = {}): PostRow {
  counter += 1;
  return aPostRow({
    published_at: new Date(at).toISOString(),
    text: `Message numéro ${counter} sur un sujet parmi d’autres au Maroc`,
    author_key: `author-${counter % 40}`,
    model_label: 'neutral',
    ...overrides,
  });
}

const aTopic = (topic: number, label: Label): TopicRow => ({
  topic,
  model_label: label,
  human_label: null,
  model_score: label === 'not_scored' ? null : 0,
});

/** Four weeks and more of everyday posts, then five hours in which posts about water turn bad. */
function aMonth(seed: number, perHour = 3): PostRow[] {
  const random = mulberry32(seed);
  const rows: PostRow[] = [];
  for (let hour = START - 30 * DAY; hour < END; hour += HOUR) {
    const isNow = hour >= START;
    for (let i = 0; i < (isNow ? perHour * 4 : perHour); i += 1) {
      const isWater = random() < (isNow ? 0.6 : 0.15);
      const odds = isNow && isWater ? [0.8, 0.1, 0.05, 0.05] : [0.2, 0.4, 0.3, 0.1];
      const label = LABELS[weighed(odds, random())] ?? 'neutral';
      const topics = [...(isWater ? [aTopic(WATER, label)] : []), ...(random() < 0.5 ? [aTopic(1, label)] : [])];
      const post = aPost(hour + Math.floor(random() * HOUR), {
        model_label: label,
        probability: Math.round((0.4 + random() * 0.6) * 100) / 100,
        source_id: 1 + Math.floor(random() * 2),
        language: pick(random, ['fr', 'ar', 'ary']),
        thread: random() < 0.3 ? `thread-${Math.floor(random() * 8)}` : null,
        author_key: random() < 0.9 ? `author-${Math.floor(random() * 60)}` : null,
        excluded_at: random() < 0.03 ? '2026-11-23T00:00:00Z' : null,
        kind: random() < 0.05 ? 'repost' : 'post',
        topics,
      });
      rows.push(post);
      // Copies, at other times of the hour.
      if (random() < 0.2) rows.push({ ...aPost(hour + Math.floor(random() * HOUR)), ...sameText(post) });
    }
  }
  return rows;
}

const sameText = ({ text, text_key, model_label, topics, language, source_id }: PostRow) => ({
  text,
  text_key,
  model_label,
  topics,
  language,
  source_id,
});

function weighed(odds: readonly number[], random: number): number {
  let sum = 0;
  return odds.findIndex((share) => {
    sum += share;
    return random < sum;
  });
}

/** What counts: no reposts, nothing excluded, equal texts once an hour by the earliest. Written apart from the product. */
function distinct(rows: readonly PostRow[], labelOf: (row: PostRow) => Label | undefined) {
  const first = new Map<string, PostRow>();
  const inScope = rows.filter((row) => row.kind !== 'repost' && row.excluded_at === null && labelOf(row) !== undefined);
  for (const row of inScope.toSorted((a, b) => Date.parse(a.published_at) - Date.parse(b.published_at))) {
    const key = `${Math.floor(Date.parse(row.published_at) / HOUR)} ${row.text_key}`;
    if (!first.has(key)) first.set(key, row);
  }
  return { all: inScope, posts: [...first.values()].filter((row) => labelOf(row) !== 'not_scored') };
}
const between = (rows: readonly PostRow[], from: number, to: number) =>
  rows.filter((row) => Date.parse(row.published_at) >= from && Date.parse(row.published_at) < to);
const netOf = (rows: readonly PostRow[], labelOf: (row: PostRow) => Label | undefined) =>
  rows.reduce((sum, row) => sum + (labelOf(row) === 'positive' ? 1 : labelOf(row) === 'negative' ? -1 : 0), 0);

async function aScope(db: Db, filter: ScopeFilter, from = START - 30 * DAY) {
  return inTransaction(db, async (tx) => {
    const { id } = await ensureScope(tx, filter);
    const scope = await lockScope(tx, id);
    if (!scope) throw new Error('the scope is not there');
    await countScopeHours(tx, scope, { from: new Date(from), to: new Date(END) });
    return scope;
  });
}

const parametersOf = (metric: RuleBody['metric']) => toParameters(RuleBody.parse({ name: 'a rule', metric }), []);

/** The last hours as the detectors tell them: a band of 0.1 around 0.1. */
const RECENT: HourOutcome[] = Array.from({ length: 80 }, (_, i) => ({
  at: ALARM - (79 - i) * HOUR,
  learning: false,
  held: i === 70 ? ('incomplete' as const) : null,
  n: 10,
  value: 0.123456,
  baseline: 0.1,
  band: 0.1,
  statistics: {},
  open: [],
  recovering: [],
  outside: false,
  events: [],
}));

function anEvent(signal: Signal, figures: Partial<NonNullable<WatchEvent['figures']>> = {}): WatchEvent {
  return {
    type: 'fired',
    signal,
    figures: {
      startedAt: START,
      hours: 5,
      before: 0.1,
      now: -0.2,
      low: -0.3,
      high: -0.1,
      distinctPosts: 55,
      statistic: 800,
      severity: 'warning',
      chance: { kind: 'once_in', days: 33 },
      ...figures,
    },
  };
}

async function evidenceOf(db: Db, filter: ScopeFilter, event: WatchEvent, metric: RuleBody['metric'] = 'net') {
  const scope = await aScope(db, filter);
  const input = { scope, parameters: parametersOf(metric), event, at: ALARM, recent: RECENT, model: 'model-1' };
  const found = await inSnapshot(db, (tx) => gatherEvidence({ db: tx, zone: ZONE }, input));
  expect(Evidence.parse(found.evidence)).toEqual(found.evidence);
  return found;
}

const DIMENSIONS = ['topic', 'source', 'language'] as const;
const total = (segments: readonly Segment[], dimension: Segment['dimension']) =>
  segments.filter((segment) => segment.dimension === dimension).reduce((sum, { within, mix }) => sum + within + mix, 0);

/** Stores posts; returns their ids in the order of the rows. */
async function stored(db: Db, rows: readonly PostRow[]): Promise<number[]> {
  await storePosts(db, rows);
  const keys = await many<{ external_id: string; post_id: number }>(db, 'select external_id, post_id from post_keys');
  const ids = new Map(keys.map(({ external_id, post_id }) => [external_id, post_id]));
  return rows.map((row) => ids.get(row.external_id) ?? 0);
}

async function sources(db: Db) {
  await aSource(db, { name: 'Hespress' });
  await aSource(db, { name: 'Forum' });
}

describe('the figures', () => {
  const labelOf = (row: PostRow) => row.model_label;

  test('equal a plain recount, and segments of each dimension add up to the change', async ({ db }) => {
    await sources(db);
    const rows = aMonth(1);
    await storePosts(db, rows);
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down'));
    const { all, posts } = distinct(between(rows, START, END), labelOf);
    expect(evidence).toMatchObject({
      posts: all.length,
      authors: new Set(posts.flatMap((row) => row.author_key ?? [])).size,
      threads: new Set(posts.flatMap((row) => row.thread ?? [])).size,
      fired_at: '2026-11-23T13:00:00.000Z',
      started_at: '2026-11-23T08:00:00.000Z',
      model: 'model-1',
      unsure: expect.closeTo(posts.filter((row) => (row.probability ?? 1) < 0.6).length / posts.length, 9),
    });
    for (const dimension of DIMENSIONS) expect(total(evidence.segments, dimension)).toBeCloseTo(-0.3, 9);
    for (const segment of evidence.segments.filter(({ dimension }) => dimension === 'source')) {
      const own = posts.filter((row) => String(row.source_id) === segment.value);
      expect(segment).toMatchObject({
        name: segment.value === '1' ? 'Hespress' : 'Forum',
        posts_now: own.length,
        net_now: expect.closeTo(netOf(own, labelOf) / own.length, 9),
      });
    }
    expect(
      evidence.segments
        .filter(({ dimension }) => dimension === 'language')
        .map(({ value }) => value)
        .sort(),
    ).toEqual(['ar', 'ary', 'fr']);
  });

  test('before is the same hours of day of four weeks, younger days with more weight', async ({ db }) => {
    await sources(db);
    const rows = aMonth(2);
    await storePosts(db, rows);
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down'));
    const now = distinct(between(rows, START, END), labelOf).posts;
    // Four weeks before, Morocco had the offset of today: UTC hours are local hours.
    const before = distinct(between(rows, START - 28 * DAY, START), labelOf).posts.filter((row) => {
      const hour = new Date(row.published_at).getUTCHours();
      return hour >= 8 && hour <= 12;
    });
    const weight = (row: PostRow) =>
      2 ** ((Math.floor(Date.parse(row.published_at) / HOUR) * HOUR - START) / HOUR / 168);
    const hourOf = (row: PostRow) => new Date(row.published_at).getUTCHours();
    let [share, net] = [0, 0];
    for (let hour = 8; hour <= 12; hour += 1) {
      const use = now.filter((row) => hourOf(row) === hour).length / now.length;
      const cells = before.filter((row) => hourOf(row) === hour);
      const all = cells.reduce((sum, row) => sum + weight(row), 0);
      for (const row of cells.filter(({ source_id }) => source_id === 1)) {
        share += (use * weight(row)) / all;
        net += (use * weight(row) * netOf([row], labelOf)) / all;
      }
    }
    const segment = evidence.segments.find(({ dimension, value }) => dimension === 'source' && value === '1');
    expect(segment?.net_before).toBeCloseTo(net / share, 9);
  });

  test('hours that are not complete, or not counted, are no before', async ({ db }) => {
    await sources(db);
    await storePosts(db, aMonth(3));
    const scope = await aScope(db, {});
    await run(db, 'update scope_hours set complete = false where hour < $1', [new Date(START)]);
    const input = {
      scope,
      parameters: parametersOf('net'),
      event: anEvent('net_down'),
      at: ALARM,
      recent: RECENT,
      model: 'm',
    };
    const { evidence } = await gatherEvidence({ db, zone: ZONE }, input);
    expect(evidence.segments.every(({ net_before, posts_before }) => net_before === null && posts_before === 0)).toBe(
      true,
    );
    for (const dimension of DIMENSIONS) expect(total(evidence.segments, dimension)).toBeCloseTo(-0.3, 9);
  });

  test('a topic explains what it brought; posts of several topics count once', async ({ db }) => {
    await sources(db);
    const rows = aMonth(4);
    await storePosts(db, rows);
    const { posts } = distinct(between(rows, START, END), labelOf);
    const now = netOf(posts, labelOf) / posts.length;
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down', { before: 0.1, now }));
    const topics = evidence.segments.filter(({ dimension }) => dimension === 'topic');
    expect(topics.reduce((sum, segment) => sum + segment.posts_now, 0)).toBe(posts.length);
    expect(topics.map(({ value }) => value).sort()).toEqual(['data_centres', 'none', 'water']);
    const water = topics.find(({ value }) => value === 'water');
    expect(water).toMatchObject({ name: 'Water', names: { fr: 'Eau', ar: 'الماء' } });
    expect(((water?.within ?? 0) + (water?.mix ?? 0)) / (now - 0.1)).toBeGreaterThan(0.6);
  });

  test('a scope of one topic has that topic’s labels, and does not explain itself by itself', async ({ db }) => {
    await sources(db);
    const rows = aMonth(5).map((row) => ({
      ...row,
      topics: row.topics.map((topic) =>
        topic.topic === WATER ? { ...topic, model_label: 'positive' as const } : topic,
      ),
    }));
    await storePosts(db, rows);
    const ofWater = (row: PostRow) => row.topics.find(({ topic }) => topic === WATER)?.model_label;
    const { posts } = distinct(between(rows, START, END), ofWater);
    const { evidence, excerpts } = await evidenceOf(db, { topic: ['water'] }, anEvent('net_up', { now: 1 }));
    const by = (dimension: string) => evidence.segments.filter((segment) => segment.dimension === dimension);
    expect(by('source').reduce((sum, segment) => sum + segment.posts_now, 0)).toBe(posts.length);
    expect(by('source').every(({ net_now }) => net_now === 1)).toBe(true);
    expect(
      by('topic')
        .map(({ value }) => value)
        .sort(),
    ).toEqual(['data_centres', 'none']);
    expect(evidence.examples.negative).toEqual([]);
    expect(excerpts.map(({ label }) => label)).toEqual(['positive', 'positive', 'positive']);
  });

  test('of negative posts are those of the negative posts', async ({ db }) => {
    await sources(db);
    const rows = aMonth(6);
    await storePosts(db, rows);
    const { all, posts } = distinct(between(rows, START, END), labelOf);
    const negative = posts.filter((row) => row.model_label === 'negative');
    const now = negative.length / 5;
    const event = anEvent('negative_posts', { before: 0.6, now, low: 1, high: 9 });
    const { evidence } = await evidenceOf(db, {}, event, 'negative_posts');
    expect(evidence.posts).toBe(all.filter((row) => row.model_label === 'negative').length);
    expect(evidence.authors).toBe(new Set(negative.flatMap((row) => row.author_key ?? [])).size);
    for (const dimension of DIMENSIONS) expect(total(evidence.segments, dimension)).toBeCloseTo(now - 0.6, 9);
    expect(evidence.segments.every(({ mix }) => mix === 0)).toBe(true);
  });

  test('the chart has the last 72 hours, and no value where nothing was decided', async ({ db }) => {
    await sources(db);
    await storePosts(db, [aPost(ALARM)]);
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down'));
    expect(evidence.chart).toHaveLength(72);
    expect(evidence.chart.at(-1)).toEqual({
      hour: '2026-11-23T12:00:00.000Z',
      value: 0.1235,
      baseline: 0.1,
      band: 0.1,
      n: 10,
    });
    expect(evidence.chart[62]?.value).toBeNull();
  });

  test('the view names hours and filter as the API does', async ({ db }) => {
    await sources(db);
    const filter: ScopeFilter = { topic: ['energy', 'water'], 'language!': ['fr'], source: [1, 2], kind: ['post'] };
    const { evidence } = await evidenceOf(db, filter, anEvent('net_down'));
    const query = z.strictObject({ ...rangeParameters, ...filterParameters });
    const asked = query.parse(Object.fromEntries(new URLSearchParams(evidence.view)));
    expect(asked).toMatchObject({ from: '2026-11-23T08:00:00.000Z', to: '2026-11-23T13:00:00.000Z', ...filter });
  });
});

describe('drivers and examples', () => {
  /** A quiet stretch, and one thread of bad replies. */
  function aQuarrel(): PostRow[] {
    const calm = Array.from({ length: 20 }, (_, i) =>
      aPost(START + i * 900_000 - (i === 19 ? 1 : 0), {
        model_label: i % 2 ? 'positive' : 'neutral',
        probability: 0.7,
      }),
    );
    const root = aPost(START - 5 * DAY, { external_id: 'quarrel', thread: 'quarrel', model_label: 'neutral' });
    const replies = Array.from({ length: 20 }, (_, i) =>
      aPost(START + i * 840_000, {
        thread: 'quarrel',
        kind: 'comment',
        author_key: `angry-${i % 4}`,
        model_label: 'negative',
        probability: 0.9 - i / 100,
        text: i === 3 ? 'non' : `Réponse ${i} : rien ne marche, c’est une honte pour tout le pays`,
      }),
    );
    return [...calm, root, ...replies];
  }

  test('one thread behind a fall is named, with its first post, and examples begin with it', async ({ db }) => {
    await sources(db);
    const rows = aQuarrel();
    const ids = await stored(db, rows);
    const { evidence, excerpts } = await evidenceOf(db, {}, anEvent('net_down', { now: -10 / 40 }));
    expect(evidence.driven_by_one).toBe('thread');
    expect(evidence.drivers[0]).toEqual({
      kind: 'thread',
      key: 'quarrel',
      posts: 20,
      net: -1,
      without: 0.5,
      post_id: String(ids[20]),
    });
    expect(evidence.drivers.filter(({ kind }) => kind === 'author')).toHaveLength(3);
    expect(evidence.examples.negative[0]).toBe(String(ids[21]));
    const authors = evidence.examples.negative.map((id) => rows[ids.indexOf(Number(id))]?.author_key);
    expect(new Set(authors).size).toBe(3);
    expect(excerpts.slice(0, 3).every(({ label, text }) => label === 'negative' && text.startsWith('Réponse'))).toBe(
      true,
    );
    expect(excerpts.slice(3).every(({ label }) => label === 'positive')).toBe(true);
  });

  test('nobody is named when the fall stays without the biggest thread', async ({ db }) => {
    await sources(db);
    const rows = aQuarrel().map((row, i) => (i < 20 && i % 2 ? { ...row, model_label: 'negative' as const } : row));
    await storePosts(db, rows);
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down', { now: -30 / 40 }));
    expect(evidence.driven_by_one).toBeNull();
  });

  test('examples have different texts, and none that is excluded or gone', async ({ db }) => {
    await sources(db);
    const copies = Array.from({ length: 5 }, (_, i) =>
      aPost(START + i * HOUR, {
        text_key: '77',
        text: 'La même chose partout, encore',
        model_label: 'negative',
        author_key: `a-${i}`,
        probability: 0.99,
      }),
    );
    const excluded = aPost(START, { model_label: 'negative', excluded_at: '2026-11-23T00:00:00Z', probability: 1 });
    const others = Array.from({ length: 3 }, () => aPost(START, { model_label: 'negative', probability: 0.8 }));
    await storePosts(db, [...copies, excluded, ...others]);
    const { evidence, excerpts } = await evidenceOf(db, {}, anEvent('net_down'));
    expect(evidence.examples.negative).toHaveLength(3);
    expect(new Set(excerpts.map(({ text }) => text)).size).toBe(3);
    expect(excerpts.every(({ text }) => text !== excluded.text)).toBe(true);
  });
});

describe('terms', () => {
  test('are those of bad posts that were rare before, as people write them', async ({ db }) => {
    await sources(db);
    const usual = [
      'Le prix du carburant augmente toujours',
      'Les élèves attendent leurs résultats',
      'La route de Rabat est fermée',
    ];
    const before = Array.from({ length: 28 * 6 }, (_, i) =>
      aPost(START - (1 + Math.floor(i / 6)) * DAY + (i % 5) * HOUR, {
        language: 'fr',
        model_label: 'negative',
        text: `${usual[i % 3]} (${i})`,
      }),
    );
    const now = Array.from({ length: 20 }, (_, i) =>
      aPost(START + i * 840_000, {
        language: 'fr',
        model_label: 'negative',
        author_key: `w-${i}`,
        text: `Coupure d’eau à Fès, quartier ${String.fromCharCode(97 + i)}${i} sans rien`,
      }),
    );
    await storePosts(db, [...before, ...now]);
    const { evidence } = await evidenceOf(db, {}, anEvent('net_down'));
    const terms = evidence.terms.map(({ term }) => term);
    expect(terms.join(' ')).toMatch(/coupure/);
    expect(terms.join(' ')).toMatch(/eau/);
    expect(terms.join(' ')).not.toMatch(/prix|rabat/);
    expect(evidence.terms.length).toBeLessThanOrEqual(8);
    expect(evidence.terms[0]).toMatchObject({ posts: 20 });
  });

  test('an alert on a term looks at the posts that hold it', async ({ db }) => {
    await sources(db);
    const holding = Array.from({ length: 6 }, (_, i) =>
      aPost(ALARM - i * 600_000, {
        language: 'fr',
        author_key: `t-${i}`,
        model_label: i < 4 ? 'negative' : 'positive',
        text: `Une coupure d'eau de plus dans mon quartier ${i}`,
      }),
    );
    const others = Array.from({ length: 30 }, (_, i) => aPost(ALARM - i * 60_000, { language: 'fr' }));
    const ids = await stored(db, [...holding, ...others]);
    const term = {
      term: "coupure d'eau",
      terms: ["coupure d'eau", 'coupure'],
      x: 6,
      authors: 6,
      expected: 0.3,
      score: 6.123,
    };
    const event = {
      ...anEvent('term', { startedAt: ALARM - 2 * HOUR, hours: 3, before: 0.1, now: 2, low: 1, high: 3 }),
      term,
    };
    const { evidence, excerpts } = await evidenceOf(db, {}, event, 'terms');
    expect(evidence).toMatchObject({ posts: 6, authors: 6, segments: [], driven_by_one: null });
    expect(evidence.terms).toEqual([
      { term: "coupure d'eau", posts: 6, score: 6.12 },
      { term: 'coupure', posts: 6, score: 6.12 },
    ]);
    expect(evidence.examples.negative.every((id) => ids.indexOf(Number(id)) < 6)).toBe(true);
    expect(excerpts).toHaveLength(5);
  });
});

test('an alarm of the real detectors is told with its figures in every language', async ({ db }) => {
  await sources(db);
  await storePosts(db, aMonth(9, 6));
  const scope = await aScope(db, {});
  const parameters = parametersOf('net');
  const hours = await readScopeHours(db, {
    scopeId: scope.id,
    zone: ZONE,
    from: new Date(START - 30 * DAY),
    to: new Date(END),
  });
  const state = startWatch(parameters);
  const outcomes = hours.map((hour) => stepWatch(parameters, state, hour));
  const alarmed = outcomes.findIndex(({ events }) =>
    events.some(({ type, signal }) => type === 'fired' && signal === 'net_down'),
  );
  const [outcome, event] = [outcomes[alarmed], outcomes[alarmed]?.events.find(({ type }) => type === 'fired')];
  if (!outcome || !event?.figures) throw new Error('nothing was found');
  expect(outcome.at).toBeGreaterThanOrEqual(START);
  const input = {
    scope,
    parameters,
    event,
    at: outcome.at,
    recent: outcomes.slice(0, alarmed + 1).slice(-72),
    model: 'm',
  };
  const { evidence, excerpts } = await gatherEvidence({ db, zone: ZONE }, input);
  expect(evidence).toMatchObject({ distinct_posts: event.figures.distinctPosts, before: event.figures.before });
  for (const dimension of DIMENSIONS) {
    expect(total(evidence.segments, dimension)).toBeCloseTo(evidence.now - evidence.before, 9);
    const posts = evidence.segments
      .filter((segment) => segment.dimension === dimension)
      .reduce((sum, segment) => sum + segment.posts_now, 0);
    expect(posts).toBe(evidence.distinct_posts);
  }
  const rule = { id: 1, name: 'Tout', version: 1, owner: '', runbook_url: null, labels: {} };
  const alert = { id: 1, dedupKey: 'k', state: 'firing', severity: evidence.severity, rule } as const;
  const message = composeMessage({
    alert,
    type: 'fired',
    seq: 1,
    evidence,
    after: null,
    excerpts,
    also: [],
    address: null,
    at: new Date(END),
  });
  expect(AlertMessage.parse(message)).toEqual(message);
  expect(message.sentence.fr).toMatch(/Le sentiment net est passé de .+ Le thème «\u00a0Eau\u00a0» explique/);
});

test('an event without figures has no evidence', async ({ db }) => {
  const event: WatchEvent = { type: 'no_data', signal: null, figures: null };
  await expect(evidenceOf(db, {}, event)).rejects.toThrow(TypeError);
});
