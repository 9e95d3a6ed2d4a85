/**
 * Words that are commoner now than before: log-odds with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008,
 * "Fightin' Words", Political Analysis 16(4)). Ranks well; its score is no measure of false alarms, which is why terms
 * raise alarms by another rule (shared/alerts/terms.ts). Called by workers/alerts/evidence.ts. Pure.
 */
import type { TermFinding } from '../contracts/alerts.ts';

/** How often terms were used: each thread (else author) counts once, or one quarrel would name the whole day. */
export interface TermCounts {
  /** Uses of all terms together. */
  total: number;
  terms: Map<string, { uses: number; posts: number }>;
}

export interface TermPost {
  terms: readonly string[];
  /** Thread, else author, else the post. */
  cluster: string;
}

/** Weight of the prior, in uses. */
const PRIOR = 500;
/** A term of fewer threads or authors says nothing. */
const LEAST_USES = 3;
/** Standard deviations below which a term is not news. */
const LEAST_SCORE = 2;

/** Counts each term once a cluster. */
export function countTerms(posts: readonly TermPost[]): TermCounts {
  const said = new Map<string, Set<string>>();
  const counts: TermCounts = { total: 0, terms: new Map() };
  for (const post of posts) {
    const own = said.get(post.cluster) ?? new Set();
    said.set(post.cluster, own);
    for (const term of new Set(post.terms)) {
      const count = counts.terms.get(term) ?? { uses: 0, posts: 0 };
      counts.terms.set(term, count);
      count.posts += 1;
      if (own.has(term)) continue;
      own.add(term);
      count.uses += 1;
      counts.total += 1;
    }
  }
  return counts;
}

/** The terms that grew most, at most `most`; one that shares a word with a better one is left out. */
export function grownTerms(now: TermCounts, before: TermCounts, most: number): TermFinding[] {
  const found: TermFinding[] = [];
  for (const [term, { uses, posts }] of now.terms) {
    if (uses < LEAST_USES) continue;
    const earlier = before.terms.get(term)?.uses ?? 0;
    const prior = (PRIOR * (uses + earlier)) / (now.total + before.total);
    const odds = (x: number, total: number) => Math.log((x + prior) / (total + PRIOR - x - prior));
    const change = odds(uses, now.total) - odds(earlier, before.total);
    const score = change / Math.sqrt(1 / (uses + prior) + 1 / (earlier + prior));
    // A text of one word only leaves nothing to compare with: infinite odds.
    if (Number.isFinite(score) && score >= LEAST_SCORE)
      found.push({ term, posts, score: Math.round(score * 100) / 100 });
  }
  found.sort((a, b) => b.score - a.score || b.posts - a.posts || (a.term < b.term ? -1 : 1));
  return withoutRepeats(found, most);
}

function withoutRepeats(found: readonly TermFinding[], most: number): TermFinding[] {
  const words = new Set<string>();
  const kept: TermFinding[] = [];
  for (const finding of found) {
    if (kept.length === most) break;
    const own = finding.term.split(' ');
    if (own.some((word) => words.has(word))) continue;
    for (const word of own) words.add(word);
    kept.push(finding);
  }
  return kept;
}
