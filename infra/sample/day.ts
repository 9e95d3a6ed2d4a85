/**
 * Makes the posts of one local day, in order of time: picks lines by the mood of the hour, writes their texts, hangs
 * comments under what they answer and lets copies run in bursts. A day depends on nothing but the options and its plan.
 * infra/sample/generate.ts calls it.
 */
import type { CollectedPost } from '../../shared/contracts/collected.ts';
import { createChooser } from './choose.ts';
import { type Corpus, type Line, VARIETIES, VARIETY_CODES, type Variety } from './corpus.ts';
import { answerPlaceOf, authorOf, placeOf, reachOf, type SampleSite } from './people.ts';
import { draw, mulberry32, type Random, seedOf, weighted } from './random.ts';
import { DAY_MS, type DayPlan, HOUR_MS, type HourPlan, type SampleOptions } from './rhythm.ts';
import { CRISIS_DAYS, eventsAt, type Mood, RECOVERY_DAYS } from './story.ts';
import { splitHeadline, writeText } from './texts.ts';

/** A post with what its writer meant: for tests and for measuring; only `post` is stored. */
export interface SamplePost {
  post: CollectedPost & { site: SampleSite; external_id: string; published_at: string };
  line: Line;
  copy: boolean;
}

/** A post, article or comment that is not a copy starts a burst of copies with this chance… */
const BURST_CHANCE = 0.043;
/** …of so many copies on average; together about 15 % of all posts. */
const BURST_MEAN = 5.6;
/** Copies come after this long on average, the first ones sooner. */
const COPY_AFTER_MS = 2 * HOUR_MS;
const TURNS = [CRISIS_DAYS, RECOVERY_DAYS];
const COMMENT_CHANCE = 0.3;
/** What is older than this is not answered any more. */
const ANSWER_WITHIN_MS = 14 * HOUR_MS;
/** Of what can be answered, the last so many. */
const ANSWER_AMONG = 24;

/** Who answers whom: languages that meet in one thread. */
const MEETS: Record<Variety, ReadonlySet<Variety>> = {
  fr: new Set(['fr', 'ary-Latn', 'en']),
  ary: new Set(['ary', 'ar', 'ary-Latn']),
  ar: new Set(['ar', 'ary']),
  'ary-Latn': new Set(['ary-Latn', 'fr', 'ary']),
  en: new Set(['en', 'fr']),
  es: new Set(['es']),
};

/** Something that can be answered, and how often it was. */
interface Thread {
  root: SamplePost;
  answers: number;
}

const varieties = weighted(VARIETY_CODES.map((code) => [code, VARIETIES[code]] as const));

/** The posts of a day, in order of time. */
export function generateDay(corpus: Corpus, { seed, now }: SampleOptions, plan: DayPlan): SamplePost[] {
  const random = mulberry32(seedOf(seed, 'posts', plan.day));
  const choose = createChooser(corpus, random);
  const posts: SamplePost[] = [];
  const threads = new Map<Line['topic'], Thread[]>();
  const copies = new CopyQueue(random);
  const add = (made: Omit<SamplePost, 'post'> & { post: Omit<SamplePost['post'], 'external_id'> }): SamplePost => {
    const post = { ...made.post, external_id: `${plan.day}-${String(posts.length + 1).padStart(4, '0')}` };
    const whole: SamplePost = { ...made, post };
    posts.push(whole);
    return whole;
  };
  for (const hour of plan.hours) {
    const moodOf = moodsOf(now, hour);
    for (const at of instantsOf(random, hour.from, hour.to, hour.n)) {
      const mood = moodOf(at);
      const original = random() < 0.7 ? copies.due(at, mood) : undefined;
      if (original) {
        add(copyOf(random, original, at));
        continue;
      }
      const variety = draw(random, varieties) ?? 'fr';
      const comment =
        random() < COMMENT_CHANCE ? commentOn(random, choose(variety, mood, 'comment'), threads, at) : undefined;
      const line = comment?.line ?? choose(variety, mood, 'root');
      const made = add(comment ? answer(random, corpus, comment, at) : rootOf(random, corpus, line, at));
      if (comment) continue;
      threads.set(line.topic, [...(threads.get(line.topic) ?? []).slice(1 - ANSWER_AMONG), { root: made, answers: 0 }]);
      copies.offer(made, at, mood);
    }
  }
  return posts;
}

/** One mood an hour, except in an hour in which the crisis begins or ends: there each instant has its own. */
function moodsOf(now: Date, hour: HourPlan): (at: number) => Mood {
  const moodAt = (at: number) => eventsAt((now.getTime() - at) / DAY_MS);
  const turns = TURNS.some(
    (days) => hour.from < now.getTime() - days * DAY_MS && now.getTime() - days * DAY_MS < hour.to,
  );
  if (turns) return moodAt;
  const mood = moodAt(hour.from);
  return () => mood;
}

/** Instants in [from, to), whole seconds, in order. */
function instantsOf(random: Random, from: number, to: number, n: number): number[] {
  const first = Math.ceil(from / 1000);
  const seconds = Math.max(1, Math.ceil(to / 1000) - first);
  return Array.from({ length: n }, () => (first + Math.floor(random() * seconds)) * 1000).toSorted((a, b) => a - b);
}

/** Something of the same topic, recent and in a language that meets this one; articles and long threads draw more. */
function commentOn(random: Random, line: Line, threads: ReadonlyMap<string, Thread[]>, at: number) {
  const open = (threads.get(line.topic) ?? []).filter(
    ({ root }) =>
      MEETS[line.variety].has(root.line.variety) && at - Date.parse(root.post.published_at) < ANSWER_WITHIN_MS,
  );
  const thread = draw(
    random,
    weighted(open.map((it) => [it, (it.root.line.kind === 'article' ? 6 : 1) * (1 + it.answers)] as const)),
  );
  if (!thread) return undefined;
  thread.answers++;
  return { line, root: thread.root };
}

const at8601 = (at: number): string => new Date(at).toISOString();

function rootOf(random: Random, corpus: Corpus, line: Line, at: number) {
  const site = placeOf(random, line);
  const text = writeText(random, corpus[line.variety], line);
  const post = {
    site,
    kind: line.kind,
    ...(line.kind === 'article' ? splitHeadline(text) : { text }),
    published_at: at8601(at),
    author: authorOf(random, site, line.variety),
    reach: reachOf(random, line.kind),
    // A newspaper says what language it is in; a network does not.
    ...(line.kind === 'article' ? { language_hint: line.variety } : {}),
  };
  return { post, line, copy: false };
}

function answer(random: Random, corpus: Corpus, { line, root }: { line: Line; root: SamplePost }, at: number) {
  root.post.thread ??= root.post.external_id;
  const site = answerPlaceOf(root.post.site);
  const post = {
    site,
    kind: 'comment' as const,
    text: writeText(random, corpus[line.variety], line),
    published_at: at8601(at),
    thread: root.post.external_id,
    author: authorOf(random, site, line.variety),
    reach: reachOf(random, 'comment'),
  };
  return { post, line, copy: false };
}

/** The same words by somebody else: passed on, or passed off as one's own. */
function copyOf(random: Random, { post: original, line }: SamplePost, at: number) {
  const passedOn = random() < 0.6;
  const site = passedOn ? 'sample.social' : original.site;
  let author = authorOf(random, site, line.variety);
  while (author === original.author) author = authorOf(random, site, line.variety);
  const { title, text, language_hint } = original;
  const post = {
    site,
    kind: passedOn ? ('repost' as const) : original.kind,
    text,
    ...(title === undefined ? {} : { title }),
    ...(language_hint === undefined ? {} : { language_hint }),
    published_at: at8601(at),
    author,
    reach: reachOf(random, 'comment'),
  };
  return { post, line, copy: true };
}

/** Copies that wait for their time; what is due after the day's end is never written. */
class CopyQueue {
  private waiting: { due: number; original: SamplePost }[] = [];
  private readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }
  /** Perhaps starts a burst. Anger travels further, and so does everything when all look the same way. */
  offer(original: SamplePost, at: number, mood: Mood): void {
    const eager = (original.line.label === 'negative' ? 1.25 : 0.9) * (mood.crisis > 0.5 ? 1.1 : 1);
    if (this.random() >= BURST_CHANCE * eager) return;
    const n = 1 + Math.floor(-Math.log(1 - this.random()) * BURST_MEAN);
    for (let i = 0; i < Math.min(n, 40); i++) {
      this.waiting.push({ due: at + Math.max(20_000, -Math.log(1 - this.random()) * COPY_AFTER_MS), original });
    }
    this.waiting.sort((a, b) => a.due - b.due);
  }
  /** The copy whose time has come, if any. Nobody passes on the alarm once all works again. */
  due(at: number, mood: Mood): SamplePost | undefined {
    for (let next = this.waiting[0]; next && next.due <= at; next = this.waiting[0]) {
      this.waiting.shift();
      if (next.original.line.phase !== 'crisis' || mood.crisis > 0) return next.original;
    }
    return undefined;
  }
}
