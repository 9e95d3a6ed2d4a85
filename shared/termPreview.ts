/**
 * What terms would match among the latest posts, without adding them. The API and `sada terms preview` call it.
 * Try it: npx sada terms preview fr "centre de données"
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { NewTerm } from './contracts/api/topics.ts';
import type { Queryable } from './store/db.ts';
import { type LatestText, latestTexts } from './store/latestTexts.ts';
import { findTopic, listTerms } from './store/topics.ts';
import { checkTerms, refuseAs } from './terms.ts';

export interface PreviewBounds {
  mostPosts: number;
  mostMs: number;
}

const BOUNDS: PreviewBounds = { mostPosts: 5_000, mostMs: 2_000 };
/** Posts read at a time, and matched at a stretch: others are answered in between. */
const PAGE = 500;
const STRETCH = 25;
const MOST_EXAMPLES = 10;

/** A post that a term matched; spans as of shared/nlp/tryTerms.ts. */
export interface PreviewExample {
  id: number;
  isNew: boolean;
  spans: { start: number; end: number; term: number }[];
  /** What the spans point into. */
  text: string;
}

export interface Preview {
  looked: number;
  /** Publication of the oldest post that was tried. */
  since: Date | null;
  matched: number;
  matchedNew: number;
  /** Posts matched by each term, in the order given. */
  byTerm: number[];
  terms: NewTerm[];
  examples: PreviewExample[];
}

/** Tries terms on the latest posts, until the bounds are reached. Throws `invalid`, naming the field. */
export async function previewTerms(
  db: Queryable,
  { topic, terms }: { topic?: string | undefined; terms: readonly NewTerm[] },
  { mostPosts, mostMs }: PreviewBounds = BOUNDS,
): Promise<Preview> {
  const checked = await checkTerms(terms);
  const found = topic === undefined ? undefined : await findTopic(db, topic);
  if (topic !== undefined && !found)
    refuseAs('invalid', [{ pointer: '/topic', detail: `no topic has the code ${topic}` }]);
  const { createTermMatcher } = await import('./nlp/tryTerms.ts');
  const match = createTermMatcher(
    checked.map(({ term }) => term),
    await listTerms(db),
  );
  const tally = emptyTally(checked);
  const until = performance.now() + mostMs;
  for (let last: LatestText | undefined; tally.looked < mostPosts; ) {
    const page = await latestTexts(db, found?.id, last, Math.min(PAGE, mostPosts - tally.looked));
    for (const [index, post] of page.entries()) {
      if (index % STRETCH === 0) {
        await breathe();
        if (performance.now() > until && tally.looked > 0) return finish(tally);
      }
      count(tally, post, match(post.text));
    }
    last = page.at(-1);
    if (!last || page.length < PAGE) break;
  }
  return finish(tally);
}

function emptyTally(terms: readonly NewTerm[]): Preview {
  return {
    ...{ looked: 0, since: null, matched: 0, matchedNew: 0, byTerm: terms.map(() => 0), examples: [] },
    terms: terms.map(({ language, term }) => ({ language, term })),
  };
}

function count(tally: Preview, post: LatestText, spans: PreviewExample['spans']): void {
  tally.looked += 1;
  tally.since = new Date(post.published_at);
  if (spans.length === 0) return;
  tally.matched += 1;
  for (const term of new Set(spans.map((span) => span.term))) tally.byTerm[term] = (tally.byTerm[term] ?? 0) + 1;
  const isNew = !post.has_topic;
  if (isNew) tally.matchedNew += 1;
  const alike = tally.examples.filter((example) => example.isNew === isNew).length;
  if (alike < MOST_EXAMPLES) tally.examples.push({ id: post.post_id, isNew, spans, text: post.text });
}

function finish(tally: Preview): Preview {
  const { examples } = tally;
  const sorted = [...examples.filter(({ isNew }) => isNew), ...examples.filter(({ isNew }) => !isNew)];
  return { ...tally, examples: sorted.slice(0, MOST_EXAMPLES) };
}
