/**
 * Writes what was found of a text into wink's document, so that wink's own API answers it: `its.negationFlag`,
 * `its.sentiment`. Called by analyse.ts while wink reads.
 */
import type { Marks } from '../lexicon/annotate.ts';
import { NEGATION_FLAG, type RawDocument, TOKEN_SIZE } from './contract.ts';

/** Flags the tokens under a negation, their sentences and the document. */
export function flagNegations(doc: RawDocument, { negators }: Marks): void {
  for (const sentence of doc.sentences) {
    for (let i = sentence[0]; i <= sentence[1]; i += 1) {
      if (negators[i] === 0) continue;
      const place = i * TOKEN_SIZE + 3;
      doc.tokens[place] = (doc.tokens[place] as number) + NEGATION_FLAG;
      sentence[2] = 1;
      doc.document[2] = 1;
    }
  }
}

/** Sets the scores, in [-1, 1]; wink knows no "not scored" and has 0 there. */
export function setScores(doc: RawDocument, score: number, sentences: readonly { score: number | null }[]): void {
  doc.document[3] = score;
  for (let n = 0; n < doc.sentences.length; n += 1) {
    const sentence = doc.sentences[n];
    if (sentence) sentence[3] = sentences[n]?.score ?? 0;
  }
}
