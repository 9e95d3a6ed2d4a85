/**
 * The part of wink-nlp's inside that Sada's model relies on, as types and a few readers.
 * Called by model.ts, words.ts and reader.ts; these are the only files that know wink from the inside.
 * Written against wink-nlp 2.4.0, which package.json pins exactly: none of this is a public contract of wink's.
 * tests/unit/nlp-contract.test.ts shows each member that wink needs.
 */

/** wink's store of words: what a number stands for. */
export interface WinkCache {
  value(lexeme: number): string;
  /** For `tokenType`: the name of the category. */
  property(lexeme: number, name: 'tokenType'): string;
  normal(lexeme: number): number;
}

/** What wink builds of one text. Setters read the tokens and write the rest. */
export interface RawDocument {
  readonly cache: WinkCache;
  /** Four numbers a token: lexeme, preceding spaces (low 16 bits), part of speech, negation. */
  readonly tokens: number[];
  readonly numOfTokens: number;
  /** First token, last token (inclusive), negated, score in [-1, 1]. */
  sentences: [first: number, last: number, negated: number, score: number][];
  /** Filled after the setters were called. */
  readonly customEntities?: readonly RawSpan[];
  readonly document: [first: number, last: number, negated: number, score: number];
}

/** A custom entity that was found: first token, last token (inclusive), name. */
export type RawSpan = readonly [first: number, last: number, name: string];

/** Numbers a token in `RawDocument.tokens`. */
export const TOKEN_SIZE = 4;
/** Set in the fourth number of a token that stands under a negation. */
export const NEGATION_FLAG = 2 ** 31;
/** The part of the second number of a token that counts the spaces before it. */
export const SPACES_MASK = 0xffff;

/** wink's store as the model hands it over: the live list of all words an instance keeps. */
export interface WinkCore {
  readonly features: { readonly lexeme: { readonly list: string[] } };
}

/** Called by wink for each text, in this order. */
export interface Annotators {
  /** Fills `doc.sentences`. */
  sentences(doc: RawDocument): void;
  /** Sets the negation flags of tokens, sentences and document. */
  negation(doc: RawDocument): void;
  /** Sets the scores of sentences and document. */
  sentiment(doc: RawDocument): void;
}
