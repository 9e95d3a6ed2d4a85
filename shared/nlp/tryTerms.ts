/**
 * Finds where new terms would match, as the analyser would find them once they are added: beside the packs and the terms
 * that are there already. Called by shared/termPreview.ts. Try it: npx vitest run --project unit tests/unit/nlp-try-terms.test.ts
 */
import { readPart } from './analyse.ts';
import type { TopicTerm } from './phrases.ts';
import { createReader } from './reader.ts';
import { createTopicFinder } from './topics.ts';

/** A mention: offsets in UTF-16 code units of the text, and which of the new terms it is. */
export interface TermSpan {
  readonly start: number;
  readonly end: number;
  readonly term: number;
}

/** No code of a topic begins so. */
const TRIED = '?';

/** Builds a matcher (about 0.2 s). Spans come in the order of the text; two terms on one place are two spans. */
export function createTermMatcher(
  tried: readonly string[],
  userTerms: readonly TopicTerm[],
): (text: string) => TermSpan[] {
  const terms = tried.map((term, index) => ({ topic: `${TRIED}${index}`, language: '', term }));
  const finder = createTopicFinder([...userTerms, ...terms]);
  const reader = createReader({ matching: finder.matching });
  return (text) =>
    finder
      .find(reader.read(readPart(text)))
      .topics.flatMap(({ topic, start, end }) =>
        topic.startsWith(TRIED) ? [{ start, end, term: Number(topic.slice(TRIED.length)) }] : [],
      );
}
