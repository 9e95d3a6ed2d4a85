/**
 * Terms that come up: is a term used by more threads or authors in the last three hours than in the two weeks before, by
 * more than chance? Terms of the same posts are one topic with one name. Called by workers/alerts/terms.ts.
 * Pure; try it: npx vitest run --project unit tests/unit/alerts-terms.test.ts
 *
 * Expected is the term's share of the baseline times the volume now, more where the last days had more of it. Its chance
 * is the upper tail of a negative binomial whose spread is how far the term's own windows were from what was expected of
 * them: words that come in waves must rise higher.
 */
import { nbTail } from './counts.ts';
import type { TermSignal } from './hours.ts';
import type { Baseline, TermCounts, TermPost } from './termPairs.ts';

/** Windows of the baseline: three hours each, for two weeks. */
export const TERM_WINDOW_HOURS = 3;
export const BASELINE_WINDOWS = 112;
/** Without a week of windows in which anything was said, everything would be new. */
const LEAST_WINDOWS = 56;

const LEAST_UNITS = 5;
/** Posts of a window up to which five are enough; above, more are asked for, by the root: more is said by chance, too. */
const ENOUGH_POSTS = 600;
const LEAST_AUTHORS = 3;
const LEAST_RATIO = 3;
/** −log10 of the chance below which a term is not told at all; rules ask for more (RuleParameters.alert_at). */
const LEAST_SCORE = 3;
/** What is assumed of a term's spread, and the number of windows that this is worth. */
const USUAL_DISPERSION = 0.5;
const USUAL_WINDOWS = 8;
const [SMALLEST_DISPERSION, LARGEST_DISPERSION] = [0.05, 5];
/** The last days count: half after 34 hours, and against so many uses at the term's usual share. */
const DECAY = 0.94;
const USUAL_USES = 16;
/** A subject that goes on must not become the usual within a day. */
const LARGEST_RISE = 2;
/** Weight of the prior of log-odds, in uses. */
const PRIOR = 500;
/** Terms that share more than this of the posts of the rarer one are one topic. */
const SHARED = 0.6;
const MOST_TOPICS = 20;
const MOST_TERMS = 10;

/** A term that enough threads or authors use now. `posts` are places in the list of posts. */
export interface TermCandidate {
  hash: number;
  x: number;
  authors: number;
  posts: number[];
}

/** The terms worth a look, by rising hash. `counts` are those of `posts`, from which copies were taken out. */
export function findCandidates(posts: readonly TermPost[], counts: TermCounts): TermCandidate[] {
  const found = new Map<number, TermCandidate>();
  const least = leastUnits(posts.length);
  counts.hashes.forEach((hash, i) => {
    const x = counts.counts[i] ?? 0;
    if (x >= least) found.set(hash, { hash, x, authors: 0, posts: [] });
  });
  posts.forEach(({ hashes }, at) => {
    for (const hash of hashes) found.get(hash)?.posts.push(at);
  });
  return [...found.values()].filter((candidate) => {
    candidate.authors = new Set(candidate.posts.map((at) => posts[at]?.author)).size;
    return candidate.authors >= LEAST_AUTHORS;
  });
}

/** Threads or authors that a term must have among so many posts. */
export const leastUnits = (posts: number): number => LEAST_UNITS * Math.sqrt(Math.max(1, posts / ENOUGH_POSTS));

export interface ScoredTerm extends TermCandidate {
  expected: number;
  /** −log10 of the chance. */
  score: number;
  /** Log-odds in standard deviations: which of several terms tells best what it is about. */
  odds: number;
}

/**
 * The candidates that are unusual: at least three times the expected, and unlikely. `total` is the volume of the window;
 * `baseline` is by the places of the candidates. Undefined while the baseline is too short.
 */
export function scoreCandidates(
  candidates: readonly TermCandidate[],
  total: number,
  baseline: Baseline,
): ScoredTerm[] | undefined {
  if (baseline.totals.filter((volume) => volume > 0).length < LEAST_WINDOWS) return undefined;
  const totalBefore = baseline.totals.reduce((sum, volume) => sum + volume, 0);
  return candidates.flatMap((candidate, place) => {
    const { expected, dispersion, before } = expectTerm(baseline, place, total);
    if ((candidate.x + 1) / (expected + 1) < LEAST_RATIO) return [];
    const score = nbTail(candidate.x, expected, dispersion);
    if (score < LEAST_SCORE) return [];
    return [{ ...candidate, expected, score, odds: logOdds(candidate.x, total, before, totalBefore) }];
  });
}

/** What is expected of a term in a window of this total, and its spread beyond that of chance. `before`: its uses. */
export function expectTerm(
  { totals, counts }: Baseline,
  place: number,
  total: number,
): { expected: number; dispersion: number; before: number } {
  const windows = totals.length;
  let [before, totalBefore] = [0, 0];
  for (let i = 0; i < windows; i += 1) {
    before += counts[place * windows + i] ?? 0;
    totalBefore += totals[i] ?? 0;
  }
  const share = (before + 0.5) / totalBefore;
  let [lately, totalLately] = [0, 0];
  const rise = () => {
    const factor = (lately + USUAL_USES) / (totalLately * share + USUAL_USES);
    return Math.min(LARGEST_RISE, Math.max(1, factor));
  };
  let [excess, squares, used] = [1, 1, 0];
  for (let i = 0; i < windows; i += 1) {
    const [count, volume] = [counts[place * windows + i] ?? 0, totals[i] ?? 0];
    const mean = volume * share * rise();
    excess += (count - mean) ** 2 - mean;
    squares += mean * mean;
    used += volume > 0 ? 1 : 0;
    lately = DECAY * lately + count;
    totalLately = DECAY * totalLately + volume;
  }
  const weight = Math.min(used, before);
  const dispersion = ((excess / squares) * weight + USUAL_DISPERSION * USUAL_WINDOWS) / (weight + USUAL_WINDOWS);
  return {
    expected: share * total * rise(),
    dispersion: Math.min(LARGEST_DISPERSION, Math.max(SMALLEST_DISPERSION, dispersion)),
    before,
  };
}

/**
 * By how many standard deviations a term is commoner now, with the background as prior (Monroe et al. 2008); half a use is
 * added, or a word that nobody used before would rank last, since nothing is known of it.
 */
export function logOdds(x: number, total: number, before: number, totalBefore: number): number {
  const prior = 0.5 + (PRIOR * before) / totalBefore;
  const odds = (uses: number, volume: number) =>
    Math.log((uses + prior) / Math.max(volume + PRIOR - uses - prior, 0.5));
  return (odds(x, total) - odds(before, totalBefore)) / Math.sqrt(1 / (x + prior) + 1 / (before + prior));
}

/** Terms put together, the most telling first. */
export type TermTopic = ScoredTerm[];

/**
 * Puts terms of the same posts together. Each joins the first topic whose most unlikely term shares more than 60 % of
 * the rarer one's posts; it is compared with that term only, or chains of terms would join what has nothing in common.
 */
export function mergeTerms(terms: readonly ScoredTerm[]): TermTopic[] {
  const topics: { leader: Set<number>; terms: ScoredTerm[] }[] = [];
  for (const term of terms.toSorted((a, b) => b.score - a.score || b.odds - a.odds || a.hash - b.hash)) {
    const home = topics.find(({ leader }) => {
      const shared = term.posts.filter((at) => leader.has(at)).length;
      return shared > SHARED * Math.min(leader.size, term.posts.length);
    });
    if (home) home.terms.push(term);
    else if (topics.length < MOST_TOPICS) topics.push({ leader: new Set(term.posts), terms: [term] });
  }
  return topics.map((topic) => topic.terms.sort((a, b) => b.odds - a.odds || b.score - a.score || a.hash - b.hash));
}

/**
 * What an hour is told of a topic: the name and figures of its most telling term, with the score of the most unlikely one,
 * by which it is judged. `nameOf` says how a term is written; spellings that look the same are named once.
 */
export function toSignal(topic: TermTopic, nameOf: (term: ScoredTerm) => string): TermSignal | undefined {
  const [first] = topic;
  if (!first) return undefined;
  const names = [...new Set(topic.slice(0, MOST_TERMS).map(nameOf))];
  return {
    term: names[0] ?? '',
    terms: names,
    x: first.x,
    authors: first.authors,
    expected: first.expected,
    score: Math.max(...topic.map(({ score }) => score)),
  };
}
