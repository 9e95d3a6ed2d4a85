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
  SPACES_MASK,
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
  readonly offsets: readonly number[];
  /** Offset in the original text of an offset in the folded one. */
  readonly original: (offset: number) => number;
  readonly words: readonly Word[];
  /** Start and end of each token in the original text, in UTF-16 code units. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
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
  /** The name that the patterns have for a word, in lower case; asked for every token. */
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

  const annotators: Annotators = {
    // All that is found of a text is found here: for each annotation more that wink is asked for, it first runs a machine
    // of patterns over the tokens, and ours has none.
    sentences: (doc) => {
      document = doc;
      current = toReading(doc, words, folded);
      doc.sentences = current.sentences.map(toRawSentence);
      annotate.negation?.(doc, current);
      annotate.sentiment?.(doc, current);
    },
    negation: nothing,
    sentiment: nothing,
  };
  const eventOf = (_: RawDocument, token: number): string =>
    (matching as PhraseMatching).eventOf(current?.words[token] as Word);
  const load = () => {
    words = [];
    const model = multilingualModel({ annotators, onCore: (made) => (core = made), ...(matching && { eventOf }) });
    // The types of wink know its own models only.
    const nlp = winkNLP(model as unknown as Parameters<typeof winkNLP>[0], ['sbd', 'cer']);
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

const nothing = (): void => undefined;
const toRawSentence = ([from, to]: readonly [number, number]): RawDocument['sentences'][number] => [from, to - 1, 0, 0];

const LITERALLY = { matchValue: false, usePOS: false, useEntity: false };

/** One pass over the tokens: `words` is what is known by wink's numbers, and is added to. */
function toReading(doc: RawDocument, words: Word[], { text, same, original, toOriginals }: FoldedText): MutableReading {
  const count = doc.numOfTokens;
  const { tokens } = doc;
  const read = new Array<Word>(count);
  // Plain arrays: the memory of a typed one of more than 64 bytes is allocated and freed apart from the heap, which costs
  // a microsecond each.
  const offsets = new Array<number>(count);
  const ends = new Array<number>(count);
  const sentences: [number, number][] = [];
  let offset = 0;
  let from = 0;
  let mayOpen = false;
  for (let i = 0; i < count; i += 1) {
    const lexeme = tokens[i * TOKEN_SIZE] as number;
    const word = words[lexeme] ?? newWord(doc, words, lexeme);
    read[i] = word;
    offset += (tokens[i * TOKEN_SIZE + 1] as number) & SPACES_MASK;
    offsets[i] = offset;
    offset += word.length;
    ends[i] = offset;
    if (mayOpen && word.edge === EDGE.none && opensSentence(read, i, from)) {
      sentences.push([from, i]);
      from = i;
    }
    mayOpen = word.edge !== EDGE.none;
  }
  if (count > from || count === 0) sentences.push([from, count]);
  let starts = offsets;
  if (!same) {
    starts = offsets.slice();
    toOriginals(starts);
    toOriginals(ends);
  }
  return { text, words: read, offsets, original, starts, ends, sentences, phrases: [] };
}

function newWord(doc: RawDocument, words: Word[], lexeme: number): Word {
  const word = new Word(doc.cache.value(lexeme), doc.cache.property(lexeme, 'tokenType') as Category);
  words[lexeme] = word;
  return word;
}

/** True when what stands before a token ends a sentence, marks that may follow the end not counted. */
function opensSentence(words: readonly Word[], at: number, from: number): boolean {
  let before = at - 1;
  while (before > from && (words[before] as Word).edge === EDGE.tail) before -= 1;
  const { edge } = words[before] as Word;
  return edge === EDGE.line || edge === EDGE.end;
}
