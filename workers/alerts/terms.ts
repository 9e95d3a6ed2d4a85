/**
 * Finds the terms that come up in each hour of a scope, and keeps the counts of the two weeks before, which are the
 * baseline. Called by workers/alerts/evaluate.ts for rules on terms. Try it: tests/integration/alerts-terms.test.ts.
 *
 * A term is looked for in the three hours that end with an hour; the baseline is counted in windows that end at 3, 6, 9 …
 * hours UTC. What is kept of a post are hashes of its terms, counted: nothing that brings a deleted text back.
 */
import { HOUR_MS, type ScopeHour } from '../../shared/alerts/hours.ts';
import {
  countTerms,
  distinctTexts,
  hashTerm,
  lookUp,
  packCounts,
  type TermPost,
} from '../../shared/alerts/termPairs.ts';
import {
  BASELINE_WINDOWS,
  findCandidates,
  mergeTerms,
  type ScoredTerm,
  scoreCandidates,
  TERM_WINDOW_HOURS,
  toSignal,
} from '../../shared/alerts/terms.ts';
import { type Term, termsOf, termsVersion } from '../../shared/nlp/terms.ts';
import type { Filters } from '../../shared/store/cells.ts';
import type { Db } from '../../shared/store/db.ts';
import { findScope } from '../../shared/store/scopes.ts';
import {
  pruneTermWindows,
  readTermTexts,
  readTermWindows,
  saveTermWindow,
  type TermText,
  windowsToCount,
} from '../../shared/store/termWindows.ts';

const WINDOW_MS = TERM_WINDOW_HOURS * HOUR_MS;
/** A backtest of terms reaches back two weeks: each day of it needs the texts of the two weeks before. */
const MOST_HOURS = 14 * 24;

interface CountedPost extends TermPost {
  post: TermText;
}

/**
 * Sets `terms` of the given hours, oldest first and without holes: empty where nothing came up. Of more than two weeks of
 * hours the last two weeks get them; hours before which fewer than 56 windows have posts stay without. Counts the windows
 * of the baseline that are missing or out of date, one after the other. `zone` is not asked: windows are UTC.
 */
export async function addTermSignals(
  deps: { db: Db; zone: string },
  scopeId: number,
  hours: ScopeHour[],
): Promise<void> {
  const scope = await findScope(deps.db, scopeId);
  const wanted = hours.slice(-MOST_HOURS);
  const [first, last] = [wanted[0], wanted.at(-1)];
  if (!scope || !first || !last) return;
  const ends = { from: baselineEnd(first.at) - (BASELINE_WINDOWS - 1) * WINDOW_MS, to: baselineEnd(last.at) };
  await countWindows(deps.db, scope, ends);
  const windows = await readTermWindows(deps.db, scope.id, {
    from: new Date(ends.from),
    to: new Date(ends.to + 1),
  });
  let recent: HourOfPosts[] = [];
  for (const hour of wanted) {
    recent = await slide(deps.db, scope.filters, recent, hour.at);
    const posts = distinctTexts(recent.flatMap((part) => part.posts));
    const found = findTerms(posts, baselineOf(windows, hour.at));
    if (found) hour.terms = found;
  }
  await pruneTermWindows(deps.db, scope.id, new Date(last.at));
}

interface HourOfPosts {
  at: number;
  posts: CountedPost[];
}

/** The posts of the three hours that end with the hour that begins `at`, oldest first; hours read before are kept. */
async function slide(db: Db, filters: Filters, known: readonly HourOfPosts[], at: number): Promise<HourOfPosts[]> {
  const hours: HourOfPosts[] = [];
  for (let from = at + HOUR_MS - WINDOW_MS; from <= at; from += HOUR_MS) {
    const posts = known.find((part) => part.at === from)?.posts;
    hours.push({ at: from, posts: posts ?? (await readPosts(db, filters, from, from + HOUR_MS)) });
  }
  return hours;
}

/** The windows of the two weeks before the three hours that end with the hour that begins `at`, oldest first. */
function baselineOf(windows: ReadonlyMap<number, Uint8Array>, at: number): Uint8Array[] {
  const first = baselineEnd(at) - (BASELINE_WINDOWS - 1) * WINDOW_MS;
  return Array.from({ length: BASELINE_WINDOWS }, (_, i) => windows.get(first + i * WINDOW_MS)).filter(
    (window) => window !== undefined,
  );
}

/** The end of the newest whole window before the three hours that end with the hour that begins `at`. */
function baselineEnd(at: number): number {
  const start = at + HOUR_MS - WINDOW_MS;
  return start - (start % WINDOW_MS);
}

/** Counts what is missing of the windows that end in [from, to]. Holds the posts of one window at a time. */
async function countWindows(
  db: Db,
  scope: { id: number; filters: Filters },
  { from, to }: { from: number; to: number },
): Promise<void> {
  const ends = Array.from({ length: (to - from) / WINDOW_MS + 1 }, (_, i) => new Date(from + i * WINDOW_MS));
  const version = termsVersion();
  const missing = await windowsToCount(db, { scopeId: scope.id, hours: TERM_WINDOW_HOURS, version }, ends);
  for (const end of missing) {
    const posts = await readPosts(db, scope.filters, end.getTime() - WINDOW_MS, end.getTime());
    const pairs = packCounts(countTerms(distinctTexts(posts)));
    await saveTermWindow(db, scope.id, { end, posts: posts.length, version, pairs });
  }
}

async function readPosts(db: Db, filters: Filters, from: number, to: number): Promise<CountedPost[]> {
  const texts = await readTermTexts(db, filters, { from: new Date(from), to: new Date(to) });
  return texts.map((post) => {
    const hashes = Uint32Array.from(new Set(termsOf(post.text, post).map(({ key }) => hashTerm(key))));
    return { unit: post.unit, author: post.author, textKey: post.textKey, hashes, post };
  });
}

/** The terms that came up in posts from which copies were taken out; undefined while the baseline is too short. */
function findTerms(posts: readonly CountedPost[], windows: readonly Uint8Array[]): ScopeHour['terms'] {
  const counts = countTerms(posts);
  const candidates = findCandidates(posts, counts);
  const baseline = lookUp(
    windows,
    Uint32Array.from(candidates, ({ hash }) => hash),
  );
  const scored = scoreCandidates(candidates, counts.total, baseline);
  if (!scored) return undefined;
  return mergeTerms(scored).flatMap((topic) => toSignal(topic, (term) => nameOf(term, posts)) ?? []);
}

/** Posts in which the spelling of a term is looked up. */
const SPELLINGS = 200;

/** How most of its posts write a term: in lower case, so that its name does not change from hour to hour. */
function nameOf({ hash, posts: places }: ScoredTerm, posts: readonly CountedPost[]): string {
  const spellings = new Map<string, number>();
  for (const place of places.slice(0, SPELLINGS)) {
    const post = posts[place]?.post;
    const term = post && termsOf(post.text, post).find(({ key }) => hashTerm(key) === hash);
    if (!post || !term) continue;
    const spelling = spell(post.text, term);
    spellings.set(spelling, (spellings.get(spelling) ?? 0) + 1);
  }
  const [best] = [...spellings].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return best?.[0] ?? '';
}

const spell = (text: string, { start, end }: Term) => text.slice(start, end).toLowerCase().replace(/\s+/gu, ' ');
