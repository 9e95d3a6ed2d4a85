/**
 * Which language a text is in: by its writing first, then by trained votes of its words, then by common words of other
 * languages. Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-language.test.ts
 *
 * Answers fr, ar, ary (Darija), ary-Latn (Darija in Latin letters), en, es; another ISO code where the writing or the
 * words leave no doubt; `mixed` when two languages share the text; `und` when there is too little to tell.
 */
import { LANGUAGES, type Language } from '../groups.ts';
import type { Weights } from '../linear/weights.ts';
import type { Reading } from '../reader.ts';
import type { Word } from '../wink/words.ts';
import { foreignLanguage } from './foreign.ts';
import { otherWriting, writingOfArabic } from './scripts.ts';
import { addVotesOf } from './votes.ts';

/** Numbers that decide; hashed into the name of the model. */
export const LANGUAGE_RULES = {
  /** A second language makes a text mixed from this part of its words on, ... */
  mixedShare: 0.3,
  /** ... and this many words. */
  mixedWords: 3,
  /** Words of a sentence that can have its own language. */
  sentenceWords: 4,
  /** Log odds by which a sentence must prefer its own language to that of the text. */
  sentenceMargin: 1.5,
  /** A text of few words is in a language only when it prefers it by this much log odds to all others ... */
  fewWords: 3,
  fewWordsMargin: 0.15,
  /** ... with what the source says counting this much, and this much where the words are few. */
  hint: 0.7,
  hintFewWords: 2.5,
} as const;

export interface DetectedLanguage {
  /** fr, ar, ary, ary-Latn, en, es, `mixed`, `und`, or another ISO code. */
  readonly language: string;
  /** Of each sentence: what it is scored as; null when it is in none of the six. */
  readonly sentences: readonly (Language | null)[];
  /** The two languages of a mixed text, the larger first. */
  readonly parts: readonly string[];
}

const ARABIC: readonly Language[] = ['ar', 'ary'];
const LATIN: readonly Language[] = ['fr', 'ary-Latn', 'en', 'es'];

/** Votes for each of LANGUAGES, and words by writing. */
interface Tally {
  readonly votes: Float64Array;
  readonly arabic: number;
  readonly latin: number;
  readonly other: number;
}

/** The language of a text and of its sentences. `hint` is what the source claims (a BCP 47 tag). */
export function detectLanguage(reading: Reading, weights: Weights, hint?: string): DetectedLanguage {
  const { words, sentences } = reading;
  const whole = tally(words, 0, words.length, weights);
  const spoken = whole.arabic + whole.latin + whole.other;
  if (spoken === 0) return everywhere('und', null, sentences.length);
  if (whole.other * 2 >= spoken) return everywhere(otherWriting(words) ?? 'und', null, sentences.length);
  const foreign = whole.arabic > whole.latin ? writingOfArabic(words) : foreignLanguage(words);
  if (foreign) return everywhere(foreign, null, sentences.length);

  const { best: main, margin } = rankLanguages(whole, weights, hint);
  if (spoken <= LANGUAGE_RULES.fewWords && margin < LANGUAGE_RULES.fewWordsMargin) {
    return everywhere('und', null, sentences.length);
  }
  // One sentence in one writing cannot be mixed.
  if (sentences.length === 1 && Math.min(whole.arabic, whole.latin) < LANGUAGE_RULES.mixedShare * spoken) {
    return everywhere(main, main, 1);
  }
  const tallies = sentences.length === 1 ? [whole] : sentences.map(([from, to]) => tally(words, from, to, weights));
  const own = tallies.map((part) => sentenceLanguage(part, main, weights));
  const second = secondLanguage(whole, tallies, own, main, weights);
  return second
    ? { language: 'mixed', sentences: own, parts: [main, second] }
    : everywhere(main, main, sentences.length);
}

const everywhere = (language: string, scored: Language | null, sentences: number): DetectedLanguage => ({
  language,
  sentences: new Array<Language | null>(sentences).fill(scored),
  parts: [],
});

function tally(words: readonly Word[], from: number, to: number, weights: Weights): Tally {
  const votes = new Float64Array(LANGUAGES.length);
  let [arabic, latin, other] = [0, 0, 0];
  for (let i = from; i < to; i += 1) {
    const word = words[i] as Word;
    if (!word.speaks) continue;
    if (word.script === 'arabic') arabic += 1;
    else if (word.script === 'latin') latin += 1;
    else if (word.script === 'other') other += 1;
    else continue;
    addVotesOf(word, weights, votes);
  }
  return { votes, arabic, latin, other };
}

/** Log odds of a language for a tally; the votes of a text are divided by the root of its length, as in training. */
function oddsOf({ votes, arabic, latin, other }: Tally, language: Language, weights: Weights): number {
  const n = LANGUAGES.indexOf(language);
  return (votes[n] as number) / Math.sqrt(Math.max(1, arabic + latin + other)) + (weights.header.bias[n] ?? 0);
}

/** The writing that has more words decides which languages are asked. */
function bestOf(part: Tally, weights: Weights, hint?: string): Language {
  return rankLanguages(part, weights, hint).best;
}

function rankLanguages(part: Tally, weights: Weights, hint?: string): { best: Language; margin: number } {
  const asked = part.arabic > part.latin ? ARABIC : LATIN;
  const few = part.arabic + part.latin <= LANGUAGE_RULES.fewWords;
  const hintCounts = few ? LANGUAGE_RULES.hintFewWords : LANGUAGE_RULES.hint;
  const hinted = hint?.slice(0, 2).toLowerCase();
  let best = asked[0] as Language;
  let most = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < asked.length; k += 1) {
    const language = asked[k] as Language;
    const isHinted = hint !== undefined && (hint === language || hinted === language);
    const odds = oddsOf(part, language, weights) + (isHinted ? hintCounts : 0);
    if (odds > most) {
      second = most;
      most = odds;
      best = language;
    } else if (odds > second) second = odds;
  }
  return { best, margin: most - second };
}

function sentenceLanguage(part: Tally, main: Language, weights: Weights): Language {
  if (part.arabic + part.latin < LANGUAGE_RULES.sentenceWords) return main;
  const own = bestOf(part, weights);
  if (own === main) return main;
  const sameWriting = ARABIC.includes(own) === ARABIC.includes(main);
  const sure = oddsOf(part, own, weights) - oddsOf(part, main, weights) >= LANGUAGE_RULES.sentenceMargin;
  return sameWriting && !sure ? main : own;
}

/** The language that shares the text with the main one; Darija in both scripts is one language. */
function secondLanguage(
  whole: Tally,
  tallies: readonly Tally[],
  own: readonly Language[],
  main: Language,
  weights: Weights,
): Language | undefined {
  const words = whole.arabic + whole.latin;
  const shares = new Map<Language, number>();
  for (const [n, part] of tallies.entries()) {
    const language = own[n] as Language;
    if (language !== main) shares.set(language, (shares.get(language) ?? 0) + part.arabic + part.latin);
  }
  // Two writings in one sentence are two languages, unless both are Darija.
  const fewer = Math.min(whole.arabic, whole.latin);
  if (fewer >= LANGUAGE_RULES.mixedShare * words) {
    const rest: Tally = whole.arabic > whole.latin ? { ...whole, arabic: 0 } : { ...whole, latin: 0 };
    const language = bestOf(rest, weights);
    shares.set(language, Math.max(shares.get(language) ?? 0, fewer));
  }
  const [second] = [...shares].sort((a, b) => b[1] - a[1]);
  if (!second || second[1] < LANGUAGE_RULES.mixedWords || second[1] < LANGUAGE_RULES.mixedShare * words)
    return undefined;
  const bothDarija = second[0].startsWith('ary') && main.startsWith('ary');
  return bothDarija ? undefined : second[0];
}
