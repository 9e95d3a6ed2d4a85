/**
 * Reads a text through wink-nlp with our own model: tokens with their places in the original, sentences.
 * Called by analyse.ts and by the training script. Try it: npx vitest run --project unit tests/unit/nlp-reader.test.ts
 *
 * wink keeps every word it has seen. When it keeps too many the instance is thrown away and a new one made, which takes a
 * millisecond; what a text gives never depends on it.
 */
import winkNLP from 'wink-nlp';
import {
  type Annotators,
  type RawDocument,
  type RawSpan,
  spacesBefore,
  TOKEN_SIZE,
  type WinkCore,
} from './wink/contract.ts';
import { type FoldedText, foldText } from './wink/foldText.ts';
import { multilingualModel } from './wink/model.ts';
import type { Category } from './wink/tokens.ts';
import { EDGE, Word } from './wink/words.ts';

/** A text as read. Tokens are numbered from 0. */
export interface Reading {
  /** The text as folded, and where each token starts in it. */
  readonly text: string;
  readonly offsets: Int32Array;
  /** Offset in the original text of an offset in the folded one. */
  readonly original: (offset: number) => number;
  readonly words: readonly Word[];
  /** Start and end of each token in the original text, in UTF-16 code units. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** First token and end (exclusive) of each sentence; together they hold every token. */
  readonly sentences: readonly (readonly [from: number, to: number])[];
  /** Phrases of a PhraseMatching: first token, last token (inclusive), name. Leftmost and longest, no overlap. */
  readonly phrases: readonly RawSpan[];
}

/** The phrases are known last. */
type MutableReading = Omit<Reading, 'phrases'> & { phrases: Reading['phrases'] };

export interface Reader {
  /** Any string is safe. The caller bounds its length: time is linear in it. */
  read(text: string): Reading;
  /** Words that wink keeps at present. */
  keptWords(): number;
}

/** Words kept before the instance is made anew: about 90 MB with all that is known of them. */
const MOST_WORDS = 150_000;

/** Phrases that wink finds while it reads, and the name that they have for a word. */
export interface PhraseMatching {
  readonly patterns: readonly { readonly name: string; readonly patterns: string[] }[];
  /** In lower case; asked once a token. */
  eventOf(word: Word): string;
}

export interface ReaderOptions {
  readonly matching?: PhraseMatching;
  /** Called while wink reads: what they set on the document is what wink's own API then answers. */
  readonly annotate?: Partial<Record<'negation' | 'sentiment', (doc: RawDocument, reading: Reading) => void>>;
  readonly mostWords?: number;
}

export function createReader({ matching, annotate = {}, mostWords = MOST_WORDS }: ReaderOptions = {}): Reader {
  let core: WinkCore | undefined;
  let words: Word[] = [];
  let current: MutableReading | undefined;
  let document: RawDocument | undefined;
  let folded: FoldedText = foldText('');

  const wordOf = (doc: RawDocument, lexeme: number): Word => {
    const known = words[lexeme];
    if (known) return known;
    const word = new Word(doc.cache.value(lexeme), doc.cache.property(lexeme, 'tokenType') as Category);
    words[lexeme] = word;
    return word;
  };
  const annotators: Annotators = {
    sentences: (doc) => {
      document = doc;
      current = toReading(doc, wordOf, folded);
      doc.sentences = current.sentences.map(([from, to]) => [from, to - 1, 0, 0]);
    },
    negation: (doc) => current && annotate.negation?.(doc, current),
    sentiment: (doc) => current && annotate.sentiment?.(doc, current),
  };
  const load = () => {
    words = [];
    const model = multilingualModel({
      annotators,
      onCore: (made) => (core = made),
      ...(matching && { eventOf: (doc: RawDocument, lexeme: number) => matching.eventOf(wordOf(doc, lexeme)) }),
    });
    // The types of wink know its own models only.
    const pipe = [
      'sbd',
      ...(annotate.negation ? ['negation'] : []),
      ...(annotate.sentiment ? ['sentiment'] : []),
      'cer',
    ];
    const nlp = winkNLP(model as unknown as Parameters<typeof winkNLP>[0], pipe);
    if (matching && matching.patterns.length > 0) nlp.learnCustomEntities([...matching.patterns], LITERALLY);
    return nlp;
  };
  const keptWords = () => core?.features.lexeme.list.length ?? 0;

  let nlp = load();
  return {
    keptWords,
    read(text) {
      if (keptWords() > mostWords) nlp = load();
      folded = foldText(text);
      current = undefined;
      nlp.readDoc(folded.text);
      if (!current) throw new Error('wink-nlp did not ask for the sentences: is its version the pinned one?');
      const reading: MutableReading = current;
      reading.phrases = document?.customEntities ?? [];
      return reading;
    },
  };
}

const LITERALLY = { matchValue: false, usePOS: false, useEntity: false };

function toReading(
  doc: RawDocument,
  wordOf: (doc: RawDocument, lexeme: number) => Word,
  { text, same, original }: FoldedText,
): MutableReading {
  const count = doc.numOfTokens;
  const { tokens } = doc;
  const words = new Array<Word>(count);
  const offsets = new Int32Array(count);
  const ends = new Int32Array(count);
  const sentences: [number, number][] = [];
  let offset = 0;
  let from = 0;
  for (let i = 0; i < count; i += 1) {
    const word = wordOf(doc, tokens[i * TOKEN_SIZE] as number);
    words[i] = word;
    offset += spacesBefore(doc, i);
    offsets[i] = offset;
    offset += word.text.length;
    ends[i] = offset;
    if (i > from && opensSentence(words, i, from)) {
      sentences.push([from, i]);
      from = i;
    }
  }
  if (count > from || count === 0) sentences.push([from, count]);
  const starts = same ? offsets : offsets.map(original);
  if (!same) for (let i = 0; i < count; i += 1) ends[i] = original(ends[i] as number);
  return { text, words, offsets, original, starts, ends, sentences, phrases: [] };
}

/** True when a sentence starts at a token: the one before ends a sentence, and this one is no part of that end. */
function opensSentence(words: readonly Word[], at: number, from: number): boolean {
  if ((words[at] as Word).edge !== EDGE.none) return false;
  let before = at - 1;
  while (before > from && (words[before] as Word).edge === EDGE.tail) before -= 1;
  const { edge } = words[before] as Word;
  return edge === EDGE.line || edge === EDGE.end;
}
