/**
 * The stock English model of wink-nlp, made safe to load again and again and to feed for months.
 * Called by english.ts; matcher.ts shares its pattern machine. These two files alone know wink-nlp from the inside.
 * Try it: npx vitest run --project unit tests/unit/nlp-guard.test.ts
 *
 * Written against wink-nlp 2.4.0 and wink-eng-lite-web-model 1.8.1, which package.json pins exactly: the shapes below
 * are not a public contract of theirs. What is guarded against:
 * - the stock model stringifies its pattern machine again at each load (broken from the 2nd, throws at the 21st);
 * - its tables of shapes, prefixes and suffixes overflow into other fields after some thousand unknown words;
 * - it keeps every unknown word for ever, and identifiers above 1,050,000 collide with internal codes;
 * - learning a word such as `constructor` reads Object.prototype and throws.
 */

import stock from 'wink-eng-lite-web-model';
import winkNLP from 'wink-nlp';

/** A match of one of wink's automata: first token, last token (inclusive), name of the pattern. */
export type RawSpan = readonly [start: number, end: number, name: string];

/** The part of wink's document that setters may read. Four numbers a token; see `TOKEN_SIZE`. */
export interface RawDocument {
  readonly tokens: readonly number[];
  readonly sentences: readonly (readonly number[])[];
}

/** Numbers a token in `RawDocument.tokens`: lexeme, preceding spaces (low 16 bits), part of speech, negation. */
const TOKEN_SIZE = 4;
const SPACES_MASK = 0xffff;
const NEGATION_FLAG = 2 ** 31;

/** True when the token was written after a space: the first piece of a chunk of the input. */
export const startsChunk = (doc: RawDocument, token: number): boolean =>
  ((doc.tokens[token * TOKEN_SIZE + 1] ?? 0) & SPACES_MASK) > 0;

/** True when wink's negation rules put the token under a negator. */
export const isNegated = (doc: RawDocument, token: number): boolean =>
  (doc.tokens[token * TOKEN_SIZE + 3] ?? 0) >= NEGATION_FLAG;

type Setter = (spans: RawSpan[], doc: RawDocument, ...helpers: unknown[]) => void;

interface Core {
  readonly features: {
    readonly lexeme: { readonly list: string[]; readonly hash: Record<string, number>; intrinsicSize: number };
  };
}

interface StockModel {
  core(): Core;
  negation(): { machines: unknown; setter: Setter };
  sa(): { machines: unknown };
  metaCER(): { machines: unknown; transformers: unknown };
  featureFn(config: unknown): Record<string, unknown>;
}

const english = stock as unknown as StockModel;
/** What wink needs to learn custom entities, safe with any word and constant however often it is loaded. */
export const patternMatching = shieldPatternMachine(english.metaCER());

/**
 * The machine as one constant string, with the names of Object.prototype answered by "no such transition" in every
 * state. The loop undoes the nested quoting left by whoever loaded the stock model in this process before.
 */
function shieldPatternMachine(meta: { machines: unknown; transformers: unknown }): {
  machines: string;
  transformers: unknown;
} {
  let machine = meta.machines;
  while (typeof machine === 'string') machine = JSON.parse(machine);
  const parts = machine as [number, number, Record<string, Record<string, number>>, ...unknown[]];
  const inherited = Object.getOwnPropertyNames(Object.prototype);
  const shield = Object.fromEntries(inherited.map((name) => [name, 0]));
  const states = Object.fromEntries(
    Object.entries(parts[2]).map(([state, events]) => [state, { ...shield, ...events }]),
  );
  const [version, last, , ...rest] = parts;
  return { machines: JSON.stringify([version, last, states, ...rest]), transformers: meta.transformers };
}

/** What a reading of one text found, in token numbers. */
export interface EnglishReading {
  readonly doc: RawDocument;
  /** Scored n-grams; the name is the weight in thousandths. */
  readonly scored: readonly RawSpan[];
  /** Negators (and, named `2`, the delimiters that end their reach). */
  readonly negators: readonly RawSpan[];
}

export interface EnglishReader {
  /** Sentences, negation and scored n-grams of a text. Recycles first when too many unknown words were kept. */
  read(text: string): EnglishReading;
  /** True when the exact spelling, case included, is in the stock lexicon. */
  knows(word: string): boolean;
  /** Unknown words kept at present. */
  unknownWords(): number;
  /** How many times the instance was thrown away and built again. */
  recycled(): number;
}

/** Unknown words kept before the instance is built again: far below every limit of the stock model, about 30 MB. */
const MAX_UNKNOWN_WORDS = 250_000;

/** The stock English model, loaded (about 60 ms) and guarded. */
export function createEnglishReader(maxUnknownWords: number = MAX_UNKNOWN_WORDS): EnglishReader {
  let reading: { doc: RawDocument; scored: RawSpan[]; negators: RawSpan[] } | undefined;
  let negators: RawSpan[] = [];
  let core: Core;
  let recycled = 0;
  const stockNegation = english.negation();

  const load = () =>
    winkNLP(
      {
        ...stock,
        core: () => {
          core = english.core();
          return core;
        },
        featureFn: (config: unknown) => ({
          ...english.featureFn(config),
          shape: () => 'x',
          prefix: () => 'x',
          suffix: () => 'x',
        }),
        metaCER: () => patternMatching,
        negation: () => ({
          machines: stockNegation.machines,
          setter: (spans: RawSpan[], doc: RawDocument, ...helpers: unknown[]) => {
            negators = spans;
            stockNegation.setter(spans, doc, ...helpers);
          },
        }),
        sa: () => ({
          machines: english.sa().machines,
          setter: (scored: RawSpan[], doc: RawDocument) => {
            reading = { doc, scored, negators };
          },
        }),
      },
      ['sbd', 'negation', 'sentiment'],
    );

  let nlp = load();
  const lexemes = () => core.features.lexeme;
  const unknownWords = () => lexemes().list.length - lexemes().intrinsicSize;
  return {
    read(text) {
      if (unknownWords() > maxUnknownWords) {
        nlp = load();
        recycled += 1;
      }
      nlp.readDoc(text);
      if (!reading) throw new Error('wink-nlp did not call the sentiment setter: is its version the pinned one?');
      return reading;
    },
    knows: (word) => (lexemes().hash[word] ?? Number.POSITIVE_INFINITY) < lexemes().intrinsicSize,
    unknownWords,
    recycled: () => recycled,
  };
}
