/**
 * The features of a text and their values: what the weights of a group are trained on and multiplied with.
 * Called by the training script and by tests; scorer.ts adds the same products up without listing them.
 *
 * Blocks, each divided by the root of its own size so that long posts do not weigh more than short ones:
 * words, pairs and pairs with one word between; letters n-grams inside words; lexicon hits. A token counts with the factor
 * of its clause (contrast). The recipe follows Wang & Manning (2012, "Baselines and Bigrams") with letters n-grams inside
 * words as in fastText (Bojanowski et al. 2017).
 */
import type { Hit, Marks } from '../lexicon/annotate.ts';
import { RULES } from '../lexicon/annotate.ts';
import { hashLetters, letterFeature, type Word } from '../wink/words.ts';
import { hashText, KIND, mix, RUNS } from './hash.ts';

/** Tokens of a text that are scored with one group: token numbers, sentence by sentence. */
export interface Stretch {
  readonly words: readonly Word[];
  readonly marks: Marks;
  /** First token and end (exclusive) of each sentence. */
  readonly sentences: readonly (readonly [from: number, to: number])[];
}

/** `first` is -1 for a feature of the whole text. */
export type Visit = (feature: number, value: number, first: number, last: number) => void;

const START = mix(hashText('<s>'), KIND.pair);

/** The feature of a word with the one before it; the edges of a sentence are neighbours too. */
export const pairFeature = (words: readonly Word[], i: number, from: number): number =>
  mix(i > from ? (words[i - 1] as Word).pairHash : START, (words[i] as Word).hash);
export const endFeature = (word: Word): number => mix(word.pairHash, END);
/** With the word before the one before it. */
export const skipFeature = (words: readonly Word[], i: number): number =>
  mix((words[i - 2] as Word).skipHash, (words[i] as Word).hash);
export const wordFeature = (word: Word): number => mix(word.hash, KIND.word);
export const stemFeature = (word: Word): number => mix(word.stemHash, KIND.stem);
export const negatedFeature = (word: Word): number => mix(word.hash, KIND.negated);
/** Stands after the last word of a sentence. */
const END = hashText('</s>');

const lexiconFeature = (name: string): number => mix(hashText(name), KIND.lexicon);
const shapeFeature = (name: string): number => mix(hashText(name), KIND.shape);

const POSITIVE = lexiconFeature('positive');
const NEGATIVE = lexiconFeature('negative');
/** What a whole block counts, chosen by cross-validation. */
const BLOCKS = { letters: 0.7, entry: 0.5, neighbours: 0.5 } as const;

/** What each of so many words counts: a word comes with its stem and a pair. */
export const perWordOf = (tokens: number): number => 1 / Math.sqrt(Math.max(1, tokens * 3));

/** Number of tokens of a stretch, and what each, and each letters n-gram, counts. */
export function scalesOf({ words, sentences }: Stretch): { tokens: number; perWord: number; perLetters: number } {
  let tokens = 0;
  let letters = 0;
  for (let n = 0; n < sentences.length; n += 1) {
    const sentence = sentences[n] as readonly [number, number];
    const to = sentence[1];
    for (let i = sentence[0]; i < to; i += 1) {
      const word = words[i] as Word;
      if (word.blank) continue;
      tokens += 1;
      letters += word.letters;
    }
  }
  return {
    tokens,
    perWord: perWordOf(tokens),
    perLetters: BLOCKS.letters / Math.sqrt(Math.max(1, letters)),
  };
}

/** Strength in thirds, -3 to 3, negated or not, intensified or not. */
const STRENGTHS = [-3, -2, -1, 0, 1, 2, 3].map((step) =>
  ['', 'negated'].map((state) =>
    ['weak', 'as is', 'strong'].map((force) => lexiconFeature(`${step} ${state} ${force}`)),
  ),
);
const FIRST_HIT = { positive: lexiconFeature('first positive'), negative: lexiconFeature('first negative') };
const LAST_HIT = { positive: lexiconFeature('last positive'), negative: lexiconFeature('last negative') };
/** The entry itself, which all its spellings and forms share. */
const ENTRY = { plain: hashText('entry'), negated: hashText('negated entry') };
/** The word before and after a hit of a side. */
const BEFORE = { positive: hashText('before +'), negative: hashText('before -'), nothing: hashText('before 0') };
const AFTER = { positive: hashText('after +'), negative: hashText('after -'), nothing: hashText('after 0') };
const SHAPE = {
  noHit: shapeFeature('no hit'),
  oneSided: shapeFeature('one side'),
  bothSides: shapeFeature('both sides'),
  short: shapeFeature('short'),
  long: shapeFeature('long'),
} as const;

/** Weight of a hit where it stands: intensified, negated. In [-2, 2]. */
export function valueOfHit({ weight, negated, factor }: Pick<Hit, 'weight' | 'negated' | 'factor'>): number {
  return weight * factor * (negated ? -RULES.negationFactor : 1);
}

/** Features of one hit and their values, written over by each call of hitFeatures: nothing is allocated a hit. */
export const HIT_FEATURES = { features: new Int32Array(8), values: new Float64Array(8), count: 0 };

function put(feature: number, value: number): void {
  HIT_FEATURES.features[HIT_FEATURES.count] = feature;
  HIT_FEATURES.values[HIT_FEATURES.count] = value;
  HIT_FEATURES.count += 1;
}

/**
 * Fills HIT_FEATURES with the features of the `n`th hit, as if it were negated or intensified as told; `scale` is what
 * each counts.
 */
export function hitFeatures(
  words: readonly Word[],
  hits: readonly Hit[],
  n: number,
  negated: boolean,
  factor: number,
  scale: number,
): void {
  const hit = hits[n] as Hit;
  const value = hit.weight * factor * (negated ? -RULES.negationFactor : 1);
  const step = Math.round(hit.weight * 3);
  const force = factor > 1 ? 2 : factor < 1 ? 0 : 1;
  HIT_FEATURES.count = 0;
  put(STRENGTHS[step + 3]?.[negated ? 1 : 0]?.[force] ?? 0, scale);
  put(mix(hit.key, negated ? ENTRY.negated : ENTRY.plain), scale * BLOCKS.entry);
  const side = value > 0 ? 'positive' : value < 0 ? 'negative' : 'nothing';
  put(mix(words[hit.first - 1]?.hash ?? 0, BEFORE[side]), scale * BLOCKS.neighbours);
  put(mix(words[hit.last + 1]?.hash ?? 0, AFTER[side]), scale * BLOCKS.neighbours);
  if (side === 'nothing') return;
  put(value > 0 ? POSITIVE : NEGATIVE, Math.abs(value) * scale);
  if (n === 0) put(FIRST_HIT[side], 0.5);
  if (n === hits.length - 1) put(LAST_HIT[side], 0.5);
}

/** What a feature of the whole stretch counts. */
export const SHAPE_COUNTS = 0.5;

/** The feature of a whole stretch that tells which sides its hits take. */
export function sidesFeature(hits: readonly Hit[]): number {
  let positive = false;
  let negative = false;
  for (let n = 0; n < hits.length; n += 1) {
    const value = valueOfHit(hits[n] as Hit);
    if (value > 0) positive = true;
    else if (value < 0) negative = true;
  }
  if (positive && negative) return SHAPE.bothSides;
  return positive || negative ? SHAPE.oneSided : SHAPE.noHit;
}

/** The feature of a stretch of few or of many tokens. */
export const lengthFeature = (tokens: number): number | undefined =>
  tokens < 8 ? SHAPE.short : tokens > 30 ? SHAPE.long : undefined;

/** Every feature of a stretch, in no particular order; a feature may come more than once. */
export function visitFeatures(stretch: Stretch, visit: Visit): void {
  const { words, marks, sentences } = stretch;
  const { tokens, perWord, perLetters } = scalesOf(stretch);
  for (const [from, to] of sentences) {
    for (let i = from; i < to; i += 1) {
      const word = words[i] as Word;
      if (word.blank) continue;
      const factor = marks.factors[i] as number;
      visit(wordFeature(word), perWord * factor, i, i);
      if (word.stemHash !== 0) visit(stemFeature(word), perWord * factor, i, i);
      if (marks.negators[i] !== 0) visit(negatedFeature(word), perWord * factor, i, i);
      visit(pairFeature(words, i, from), perWord * factor, Math.max(from, i - 1), i);
      if (i + 1 === to) visit(endFeature(word), perWord * factor, i, i);
      if (i - 2 >= from) visit(skipFeature(words, i), perWord * factor, i - 2, i);
      hashLetters(word);
      for (let k = 0; k < RUNS.count; k += 1) {
        visit(letterFeature(RUNS.hashes[k] as number), perLetters * factor, i, i);
      }
    }
  }
  const { hits } = marks;
  const scale = hitScale(hits);
  for (const [n, hit] of hits.entries()) {
    hitFeatures(words, hits, n, hit.negated, hit.factor, scale * (marks.factors[hit.first] as number));
    for (let k = 0; k < HIT_FEATURES.count; k += 1) {
      visit(HIT_FEATURES.features[k] as number, HIT_FEATURES.values[k] as number, hit.first, hit.last);
    }
  }
  visit(sidesFeature(hits), SHAPE_COUNTS, -1, -1);
  const length = lengthFeature(tokens);
  if (length !== undefined) visit(length, SHAPE_COUNTS, -1, -1);
}

/** What each lexicon hit of a stretch counts. */
export const hitScale = (hits: readonly Hit[]): number => 1 / Math.sqrt(Math.max(1, hits.length));
