/** Chooses telling posts among candidates. Called by workers/alerts/evidence.ts. Pure. */
import type { Evidence, Signal } from '../../shared/contracts/alerts.ts';
import type { Candidate } from '../../shared/store/evidence.ts';

/** Posts shown of each label. */
const EXAMPLES = 3;

/**
 * Three posts of each label: one of each driving thread first where that label made the news, then the most certain ones;
 * no text and no author twice.
 */
export function pickExamples(candidates: readonly Candidate[], signal: Signal): Evidence['examples'] {
  const pick = (label: Candidate['label']) => {
    const own = candidates.filter((candidate) => candidate.label === label);
    const isNews = signal === 'net_up' ? label === 'positive' : signal === 'net_down' ? label === 'negative' : true;
    return distinct(isNews ? driversFirst(own) : own.toSorted((a, b) => a.place - b.place || a.post_id - b.post_id));
  };
  return { negative: pick('negative'), positive: pick('positive') };
}

function driversFirst(candidates: readonly Candidate[]): Candidate[] {
  const rank = ({ driver, place }: Candidate) => (driver === null ? 100 : place === 1 ? driver : 200 + driver);
  return candidates.toSorted((a, b) => rank(a) - rank(b) || a.place - b.place || a.post_id - b.post_id);
}

function distinct(candidates: readonly Candidate[]): string[] {
  const [texts, authors] = [new Set<string>(), new Set<string>()];
  const chosen: string[] = [];
  for (const { post_id, text_key, author } of candidates) {
    if (chosen.length === EXAMPLES) break;
    if (texts.has(text_key) || (author !== null && authors.has(author))) continue;
    texts.add(text_key);
    if (author !== null) authors.add(author);
    chosen.push(String(post_id));
  }
  return chosen;
}
