/**
 * Cuts sentences into clauses, so that each topic gets the sentiment of what is said of it.
 * Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-topic-sentiment.test.ts
 */
import type { Marks } from './lexicon/annotate.ts';
import type { Reading } from './reader.ts';
import type { Word } from './wink/words.ts';

/** Tokens from `from` to `to` (exclusive) of a sentence. */
export interface Clause {
  readonly from: number;
  readonly to: number;
  readonly sentence: number;
}

/** A comma parts clauses only when both sides have at least this many words: not in a list. */
const LEAST_WORDS = 4;
const CUTS = new Set([',', '،', ';', '؛', ':', '–', '—', '(', ')']);

/** The clauses of a text, in order; together they hold every token. */
export function clausesOf({ words, sentences }: Reading, marks: Marks): Clause[] {
  const clauses: Clause[] = [];
  for (const [sentence, [start, end]] of sentences.entries()) {
    let from = start;
    for (let i = start + 1; i < end; i += 1) {
      const turns = marks.turns[i] !== marks.turns[i - 1] && (marks.turns[i] as number) - 1 === i - 1;
      const comma = CUTS.has((words[i - 1] as Word).form) && i - from > LEAST_WORDS && end - i >= LEAST_WORDS;
      if (!turns && !comma) continue;
      // The word that turns ("but") opens its clause.
      const cut = turns ? i - 1 : i;
      if (cut > from) clauses.push({ from, to: cut, sentence });
      from = cut;
    }
    if (end > from) clauses.push({ from, to: end, sentence });
  }
  return clauses;
}
