/**
 * Scores what reader.ts has read: the text with its explanation, each sentence, any clause.
 * Called by analyse.ts. Lexicons and weights of a group are loaded with the first text that needs them.
 * Try it: npm run --silent analyse -- --explain "Belle vitrine, mais nos puits sont à sec"
 */
import type { Explanation } from '../contracts/analysis.ts';
import { type Group, groupOf, type Language } from './groups.ts';
import { annotate, emptyMarks, lexicalOf, type Marks } from './lexicon/annotate.ts';
import { type Lexicon, loadLexicon } from './lexicon/lexicon.ts';
import { type ExplainedPart, explainParts } from './linear/explanation.ts';
import type { Stretch } from './linear/features.ts';
import { createScorer, EXPERT, emptySums, type Scorer, type TokenSums } from './linear/scorer.ts';
import { readWeights } from './linear/weights.ts';
import { readPackBytes } from './packs/read.ts';
import type { Reading } from './reader.ts';
import { type Odds, type Verdict, verdictOf } from './score.ts';
import type { Word } from './wink/words.ts';

/** Numbers that decide; hashed into the name of the model. */
export const COVERAGE_RULES = {
  /** A text is scored when at least this part of its words is known, or a loaded emoji or entry was found in it. */
  leastKnown: 0.2,
} as const;

/** How a topic of a long text gets its label; see toTopicMentions in analyse.ts. Hashed like the others. */
export const TOPIC_RULES = {
  /** Sentences from which on a text is long, and what the odds of the whole then count beside those of the clauses. */
  longText: 4,
  tone: 0.3,
} as const;

export interface ScoredText extends ScoredSpan {
  readonly explanation: Explanation;
}

/** A part of a text: its verdict and the log odds behind it. */
export interface ScoredSpan extends Verdict {
  readonly odds: Odds;
}

/** What is marked on a text, and what each of its tokens brings. */
export interface ScoredMarks extends Marks {
  readonly sums: TokenSums;
}

export interface Sentiment {
  /** Marks negations, intensifiers and clauses; `languages` has one language a sentence, null for none of ours. */
  mark(reading: Reading, languages: readonly (Language | null)[]): ScoredMarks;
  /** null when too little was understood. */
  scoreText(reading: Reading, marks: ScoredMarks, languages: readonly (Language | null)[]): ScoredText | null;
  /** Tokens `from` to `to` (exclusive) by themselves; null when too little of them was understood. */
  scoreSpan(
    reading: Reading,
    marks: ScoredMarks,
    language: Language | null,
    from: number,
    to: number,
  ): ScoredSpan | null;
}

interface Kit {
  readonly lexicon: Lexicon;
  readonly scorers: { readonly public: Scorer; readonly own: Scorer };
  /** The one of the two that was chosen for the text that was marked last. */
  scorer: Scorer;
}

export const weightsPath = (name: string): string => `weights/${name}.bin`;

function loadKit(group: Group): Kit {
  const weights = readWeights(readPackBytes(weightsPath(group)));
  const own = createScorer(group, weights, EXPERT.own);
  const scorers = { public: createScorer(group, weights, EXPERT.public), own };
  return { lexicon: loadLexicon(group), scorers, scorer: own };
}

export function createSentiment(): Sentiment {
  const kits: Partial<Record<Group, Kit>> = {};
  const kitOf = (language: Language): Kit => {
    const group = groupOf(language);
    kits[group] ??= loadKit(group);
    return kits[group];
  };

  const mark: Sentiment['mark'] = (reading, languages) => {
    const { words, sentences } = reading;
    const marks = blank(words.length);
    // Plain loops here and below: this runs for every text.
    for (let n = 0; n < sentences.length; n += 1) {
      const language = languages[n];
      if (!language) continue;
      const sentence = sentences[n] as readonly [number, number];
      annotate(words, sentence[0], sentence[1], kitOf(language).lexicon, marks);
    }
    // The whole text decides which expert scores it, so that its sentences and clauses are scored alike.
    let chosen: Kit | undefined;
    for (let n = 0; n < sentences.length; n += 1) {
      const language = languages[n];
      if (!language) continue;
      const kit = kitOf(language);
      if (kit !== chosen) chooseScorer(kit, reading, marks, languages, kitOf);
      chosen = kit;
      const sentence = sentences[n] as readonly [number, number];
      kit.scorer.fill(words, marks, sentence[0], sentence[1], marks.sums);
    }
    return marks;
  };

  const scoreText: Sentiment['scoreText'] = (reading, marks, languages) => {
    const parts = partsOf(reading, marks, languages, kitOf);
    const understood: Part[] = [];
    let tokens = 0;
    let all = 0;
    for (let n = 0; n < parts.length; n += 1) {
      const part = parts[n] as Part;
      all += part.tokens;
      if (!isUnderstood(part.stretch, part.kit)) continue;
      tokens += part.tokens;
      understood.push(part);
    }
    if (tokens === 0 || tokens * 2 < all) return null;
    for (const part of understood) part.share = part.tokens / tokens;
    const { explanation, odds } = explainParts(understood, reading);
    const { label, score, probability } = verdictOf(odds);
    return { label, score, probability, odds, explanation };
  };

  const scoreSpan: Sentiment['scoreSpan'] = (reading, marks, language, from, to) => {
    if (!language || to <= from) return null;
    const kit = kitOf(language);
    const stretch = spanOf(reading, marks, from, to);
    if (!isUnderstood(stretch, kit)) return null;
    const odds = kit.scorer.odds(stretch, marks.sums);
    const { label, score, probability } = verdictOf(odds);
    return { label, score, probability, odds };
  };
  return { mark, scoreText, scoreSpan };
}

/** Chooses the expert of a group by those sentences of a text that are in its languages. */
function chooseScorer(
  kit: Kit,
  { words, sentences }: Reading,
  marks: Marks,
  languages: readonly (Language | null)[],
  kitOf: (language: Language) => Kit,
): void {
  const [first] = languages;
  const own =
    first && isEverywhere(first, languages)
      ? sentences
      : sentences.filter((_, n) => {
          const language = languages[n];
          return language && kitOf(language) === kit;
        });
  kit.scorer = kit.scorers.own.isOwn({ words, marks, sentences: own }) ? kit.scorers.own : kit.scorers.public;
}

function isUnderstood({ words, sentences, marks }: Stretch, { lexicon, scorer }: Kit): boolean {
  let spoken = 0;
  let known = 0;
  for (let n = 0; n < sentences.length; n += 1) {
    const sentence = sentences[n] as readonly [number, number];
    for (let i = sentence[0]; i < sentence[1]; i += 1) {
      const word = words[i] as Word;
      if (!word.spelled) continue;
      spoken += 1;
      const lexical = lexicalOf(word, lexicon);
      if (lexical.entry !== null || lexical.roles.length > 0 || scorer.knows(word)) known += 1;
    }
  }
  if (spoken > 0 && known >= COVERAGE_RULES.leastKnown * spoken) return true;
  return marks.hits.some(({ weight }) => weight !== 0);
}

/** A part of a text as if it stood alone: what other clauses make of it does not count. */
function spanOf({ words }: Reading, marks: Marks, from: number, to: number): Stretch {
  const { negators, turns } = marks;
  const hits = marks.hits.filter(({ first, last }) => first >= from && last < to);
  return { words, marks: { negators, turns, factors: onesOf(words.length), hits }, sentences: [[from, to]] };
}

let room = 0;
let pooled: ScoredMarks = { ...emptyMarks(0), sums: emptySums(0) };

/** Marks without anything on them. The arrays are those of the text before: only one text is scored at a time. */
function blank(tokens: number): ScoredMarks {
  if (tokens > room) {
    room = tokens * 2;
    pooled = { ...emptyMarks(room), sums: emptySums(room) };
  } else {
    pooled.negators.fill(0, 0, tokens);
    pooled.factors.fill(1, 0, tokens);
    pooled.turns.fill(0, 0, tokens);
    // The sums are written whole for each sentence that is scored.
  }
  const { negators, factors, turns, sums } = pooled;
  return { negators, factors, turns, sums, hits: [] };
}

let ones = new Float64Array(0);
/** Factors of 1, shared: nobody writes them. */
function onesOf(length: number): Float64Array {
  if (ones.length < length) ones = new Float64Array(length * 2).fill(1);
  return ones;
}

interface Part extends ExplainedPart {
  readonly kit: Kit;
  readonly tokens: number;
  share: number;
}

function isEverywhere(language: Language, languages: readonly (Language | null)[]): boolean {
  for (let n = 0; n < languages.length; n += 1) if (languages[n] !== language) return false;
  return true;
}

/** The sentences of each language group together; one stretch for a text in one language. */
function partsOf(
  { words, sentences }: Reading,
  marks: ScoredMarks,
  languages: readonly (Language | null)[],
  kitOf: (language: Language) => Kit,
): Part[] {
  const [language] = languages;
  if (language && isEverywhere(language, languages)) {
    const kit = kitOf(language);
    return [toPart(kit, words.length, marks.sums, { words, marks, sentences })];
  }
  const byKit = new Map<Kit, (readonly [number, number])[]>();
  for (const [n, sentence] of sentences.entries()) {
    const language = languages[n];
    if (!language) continue;
    const kit = kitOf(language);
    const known = byKit.get(kit);
    if (known) known.push(sentence);
    else byKit.set(kit, [sentence]);
  }
  return [...byKit].map(([kit, own]) => {
    const hits = marks.hits.filter(({ first }) => own.some(([from, to]) => first >= from && first < to));
    const tokens = own.reduce((sum, [from, to]) => sum + to - from, 0);
    return toPart(kit, tokens, marks.sums, { words, marks: { ...marks, hits }, sentences: own });
  });
}

const toPart = (kit: Kit, tokens: number, sums: TokenSums, stretch: Stretch): Part => ({
  kit,
  scorer: kit.scorer,
  tokens,
  sums,
  stretch,
  share: 1,
});
