/**
 * Lists what each span of a scored text brings, so that the parts add up to its score.
 * Called by sentiment.ts. Try it: npx vitest run --project unit tests/unit/nlp-explanation.test.ts
 *
 * A word is shown with what it brings by itself; what a negation, an intensifier or a contrast makes of it is shown on
 * the word that does so.
 */
import type { Contribution, ContributionReason, Explanation } from '../../contracts/analysis.ts';
import type { Hit } from '../lexicon/annotate.ts';
import { type Odds, oddsOf, rounded, SCORE_RULES } from '../score.ts';
import type { Word } from '../wink/words.ts';
import { hitScale, type Stretch, scalesOf } from './features.ts';
import { LETTERS, NEGATED, OWN, PAIRS, type Scorer, SKIPS, SUMS, type TokenSums } from './scorer.ts';

/** A stretch of a text with the part it has in the score: 1 for a text in one language. */
export interface ExplainedPart {
  readonly stretch: Stretch;
  readonly scorer: Scorer;
  readonly sums: TokenSums;
  readonly share: number;
}

/** Contributions below this are summed up in `rest` at once. */
const TOO_SMALL = 0.06;

interface Places {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The explanation of a text and the odds it stands for, rounded alike. */
export function explainParts(
  parts: readonly ExplainedPart[],
  places: Places,
): { explanation: Explanation; odds: Odds } {
  count = 0;
  rest = 0;
  neutralRest = 0;
  let bias = 0;
  let neutralBias = 0;
  for (let k = 0; k < parts.length; k += 1) {
    const part = parts[k] as ExplainedPart;
    const { tokens, perWord, perLetters } = scalesOf(part.stretch);
    const whole = part.scorer.wholeOdds(part.stretch.marks, tokens);
    bias += whole.polarity * part.share;
    neutralBias += whole.neutral * part.share;
    listTokens(part, perWord * part.share, perLetters * part.share);
    listHits(part);
  }
  const contributions = listStrongest(places);
  const explanation: Explanation = {
    bias: rounded(bias),
    neutral_bias: rounded(neutralBias),
    contributions,
    rest: rounded(rest),
    neutral_rest: rounded(neutralRest),
  };
  return { explanation, odds: oddsOf(explanation) };
}

function listTokens({ stretch, sums, scorer }: ExplainedPart, perWord: number, perLetters: number): void {
  const { words, marks, sentences } = stretch;
  const word = perWord * scorer.steps[0];
  const wordNeutral = perWord * scorer.steps[1];
  const letter = perLetters * scorer.steps[0];
  const letterNeutral = perLetters * scorer.steps[1];
  for (let s = 0; s < sentences.length; s += 1) {
    const from = (sentences[s] as readonly [number, number])[0];
    const to = (sentences[s] as readonly [number, number])[1];
    for (let i = from; i < to; i += 1) {
      const p = i * SUMS;
      const alone = (sums[p + OWN] as number) * word + (sums[p + LETTERS] as number) * letter;
      const aloneNeutral =
        (sums[p + OWN + 1] as number) * wordNeutral + (sums[p + LETTERS + 1] as number) * letterNeutral;
      add(i, i, alone, aloneNeutral, isPicture(words[i] as Word) ? EMOJI : NGRAM);
      const pair = (sums[p + PAIRS] as number) * word;
      const pairNeutral = (sums[p + PAIRS + 1] as number) * wordNeutral;
      add(i > from ? i - 1 : i, i, pair, pairNeutral, NGRAM);
      const skip = (sums[p + SKIPS] as number) * word;
      const skipNeutral = (sums[p + SKIPS + 1] as number) * wordNeutral;
      add(i - 2 >= from ? i - 2 : from, i, skip, skipNeutral, NGRAM);
      const negator = (marks.negators[i] as number) - 1;
      const not = (sums[p + NEGATED] as number) * word;
      const notNeutral = (sums[p + NEGATED + 1] as number) * wordNeutral;
      if (negator >= 0) add(negator, negator, not, notNeutral, NEGATION);
      const turned = (marks.factors[i] as number) - 1;
      if (turned === 0) continue;
      const turn = (marks.turns[i] as number) - 1;
      const together = turned * (alone + pair + skip + not);
      add(turn, turn, together, turned * (aloneNeutral + pairNeutral + skipNeutral + notNeutral), CONTRAST);
    }
  }
}

/** A hit by itself, then what the intensifier, the negation and the contrast each make of it. */
function listHits({ stretch, scorer, share }: ExplainedPart): void {
  const { words, marks } = stretch;
  const scale = hitScale(marks.hits);
  for (let n = 0; n < marks.hits.length; n += 1) {
    const { first, last, negated, negator, factor, booster } = marks.hits[n] as Hit;
    let known = scorer.hitOdds(stretch, n, false, 1, scale);
    add(first, last, known.polarity * share, known.neutral * share, isPicture(words[first] as Word) ? EMOJI : LEXICON);
    if (factor !== 1) {
      const intense = scorer.hitOdds(stretch, n, false, factor, scale);
      addChange(booster, known, intense, share, INTENSIFIER);
      known = intense;
    }
    if (negated) {
      const reversed = scorer.hitOdds(stretch, n, true, factor, scale);
      addChange(negator >= 0 ? negator : first, known, reversed, share, NEGATION);
      known = reversed;
    }
    const turned = marks.factors[first] as number;
    if (turned === 1) continue;
    const weighed = scorer.hitOdds(stretch, n, negated, factor, scale * turned);
    addChange((marks.turns[first] as number) - 1, known, weighed, share, CONTRAST);
  }
}

const isPicture = ({ kind }: Word): boolean => kind === 'emoji' || kind === 'emoticon';

const REASONS = [
  'lexicon',
  'ngram',
  'emoji',
  'negation',
  'intensifier',
  'contrast',
] as const satisfies ContributionReason[];
const [LEXICON, NGRAM, EMOJI, NEGATION, INTENSIFIER, CONTRAST] = [0, 1, 2, 3, 4, 5];

// What spans bring, in columns that every text writes over: nothing is allocated for what is not listed.
let count = 0;
let rest = 0;
let neutralRest = 0;
let firsts = new Int32Array(512);
let lasts = new Int32Array(512);
let reasons = new Uint8Array(512);
let weights = new Float64Array(512);
let neutrals = new Float64Array(512);
let isListed = new Uint8Array(512);

/** Tokens are numbered; `last` is inclusive. What a negation, intensifier or contrast does is added up at its word. */
function add(first: number, last: number, weight: number, neutral: number, reason: number): void {
  // Most pairs of words are unknown and bring nothing.
  if (weight === 0 && neutral === 0) return;
  if (Math.abs(weight) + Math.abs(neutral) / 3 < TOO_SMALL) {
    rest += weight;
    neutralRest += neutral;
    return;
  }
  if (reason >= NEGATION) {
    for (let i = count - 1; i >= 0; i -= 1) {
      if (reasons[i] !== reason || firsts[i] !== first) continue;
      weights[i] = (weights[i] as number) + weight;
      neutrals[i] = (neutrals[i] as number) + neutral;
      return;
    }
  }
  if (count === firsts.length) grow();
  firsts[count] = first;
  lasts[count] = last;
  reasons[count] = reason;
  weights[count] = weight;
  neutrals[count] = neutral;
  count += 1;
}

function addChange(token: number, before: Odds, after: Odds, share: number, reason: number): void {
  add(token, token, (after.polarity - before.polarity) * share, (after.neutral - before.neutral) * share, reason);
}

function grow(): void {
  const size = firsts.length * 2;
  const [oldFirsts, oldLasts, oldReasons, oldWeights, oldNeutrals] = [firsts, lasts, reasons, weights, neutrals];
  firsts = new Int32Array(size);
  lasts = new Int32Array(size);
  reasons = new Uint8Array(size);
  weights = new Float64Array(size);
  neutrals = new Float64Array(size);
  isListed = new Uint8Array(size);
  firsts.set(oldFirsts);
  lasts.set(oldLasts);
  reasons.set(oldReasons);
  weights.set(oldWeights);
  neutrals.set(oldNeutrals);
}

/** The strongest contributions, in the order in which they were added; the others go to `rest`. */
function listStrongest({ starts, ends }: Places): Contribution[] {
  const listed: Contribution[] = [];
  const all = count <= SCORE_RULES.listed;
  if (!all) findStrongest();
  for (let i = 0; i < count; i += 1) {
    const weight = weights[i] as number;
    const neutral = neutrals[i] as number;
    if (!all && isListed[i] === 0) {
      rest += weight;
      neutralRest += neutral;
      continue;
    }
    const start = starts[firsts[i] as number] as number;
    const end = ends[lasts[i] as number] as number;
    const reason = REASONS[reasons[i] as number] as ContributionReason;
    listed.push({ start, end, weight: rounded(weight), neutral: rounded(neutral), reason });
  }
  return listed;
}

/** The strongest so far, the strongest first; of equals the one that was added first. */
const strongest = new Int32Array(SCORE_RULES.listed);
const strengths = new Float64Array(SCORE_RULES.listed);

/** Marks the strongest in `isListed`: each finds its place among those before it, most not even the last. */
function findStrongest(): void {
  let found = 0;
  for (let i = 0; i < count; i += 1) {
    isListed[i] = 0;
    const strength = Math.abs(weights[i] as number) + Math.abs(neutrals[i] as number) / 3;
    if (found === strongest.length && strength <= (strengths[found - 1] as number)) continue;
    let place = found < strongest.length ? found : found - 1;
    for (; place > 0 && (strengths[place - 1] as number) < strength; place -= 1) {
      strengths[place] = strengths[place - 1] as number;
      strongest[place] = strongest[place - 1] as number;
    }
    strengths[place] = strength;
    strongest[place] = i;
    if (found < strongest.length) found += 1;
  }
  for (let k = 0; k < found; k += 1) isListed[strongest[k] as number] = 1;
}
