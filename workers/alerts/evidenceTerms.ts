/** The terms of an alert, and the posts that hold a term. Called by workers/alerts/evidence.ts. */
import type { TermSignal } from '../../shared/alerts/hours.ts';
import { countTerms, grownTerms } from '../../shared/alerts/logOdds.ts';
import type { TermFinding } from '../../shared/contracts/alerts.ts';
import { type Term, termsOf } from '../../shared/nlp/terms.ts';
import type { Filters } from '../../shared/store/cells.ts';
import type { Queryable } from '../../shared/store/db.ts';
import { readTexts, type SampleText } from '../../shared/store/evidence.ts';

/** Terms listed. */
const MOST = 8;
/** Posts looked through for a term; of more, the newest. */
const MOST_TEXTS = 5_000;

/** Terms that grew, as people write them. */
export function termsOfAlert(now: readonly SampleText[], before: readonly SampleText[]): TermFinding[] {
  const read = (texts: readonly SampleText[]) => texts.map((text) => ({ ...text, found: termsOf(text.text, text) }));
  const count = (texts: ReturnType<typeof read>) =>
    countTerms(texts.map(({ cluster, found }) => ({ cluster, terms: found.map(({ key }) => key) })));
  const present = read(now);
  const found = grownTerms(count(present), count(read(before)), MOST);
  return found.map((finding) => ({ ...finding, term: spelling(present, finding.term) }));
}

/** The commonest spelling of a key: keys themselves are folded beyond reading. */
function spelling(texts: readonly { text: string; found: readonly Term[] }[], key: string): string {
  const counts = new Map<string, number>();
  for (const { text, found } of texts) {
    const term = found.find((one) => one.key === key);
    if (!term) continue;
    const written = text.slice(term.start, term.end).toLowerCase().replace(/\s+/g, ' ');
    counts.set(written, (counts.get(written) ?? 0) + 1);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return best?.[0] ?? key;
}

export interface Found {
  /** Posts that hold any of the terms. */
  ids: number[];
  /** How many hold each. */
  posts: Map<string, number>;
}

/** The posts of a stretch that hold one of the terms that were put together. */
export async function findPosts(
  db: Queryable,
  stretch: { filters: Filters; from: Date; to: Date },
  signal: TermSignal,
): Promise<Found> {
  const terms = new Map([...new Set([signal.term, ...signal.terms])].map((term) => [term, keyOf(term)]));
  const found: Found = { ids: [], posts: new Map() };
  for (const { post_id, language, text } of await readTexts(db, stretch, MOST_TEXTS)) {
    const keys = new Set(termsOf(text, { language }).map(({ key }) => key));
    const held = [...terms].filter(([, key]) => keys.has(key));
    if (held.length > 0) found.ids.push(post_id);
    for (const [term] of held) found.posts.set(term, (found.posts.get(term) ?? 0) + 1);
  }
  return found;
}

/** The key of a written term: the longest of its own terms, a pair rather than its words. */
function keyOf(term: string): string {
  const [longest] = termsOf(term).toSorted((a, b) => b.end - b.start - (a.end - a.start));
  return longest?.key ?? term;
}

/** The terms of a signal. Their score is the signal's own: −log10 of the chance, as its statistic. */
export function termsOfSignal({ term, terms, score }: TermSignal, { posts }: Found): TermFinding[] {
  return [...new Set([term, ...terms])].slice(0, MOST).map((own) => ({
    term: own,
    posts: posts.get(own) ?? 0,
    score: Math.round(score * 100) / 100,
  }));
}
