/** English sentiment: the rules, and explanations that add up to the score they explain. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Analysis } from '../../shared/contracts/analysis.ts';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { createEnglishScorer } from '../../shared/nlp/english.ts';
import { aggregate, labelOf, type Match, probabilityOf } from '../../shared/nlp/score.ts';

const analyser = createAnalyser();
const scorer = createEnglishScorer();
const scoreOf = (text: string): number | null => scorer.score(text)?.score ?? null;
const analysisOf = (text: string): Analysis => {
  const [analysis] = analyser.analyse([{ text }]);
  if (!analysis) throw new Error('no analysis');
  return analysis;
};
const spansOf = (text: string): [string, string][] =>
  (scorer.score(text)?.explanation.contributions ?? []).map(({ start, end, reason }) => [
    text.slice(start, end),
    reason,
  ]);

test('a negated word weighs seven tenths of its opposite', () => {
  expect(scoreOf('not good')).toBeCloseTo(-0.7 * (scoreOf('good') ?? 0), 6);
});

test('a row of exclamation marks is one end of a sentence', () => {
  expect(scoreOf('Great!!!!')).toBe(scoreOf('Great!'));
  expect(scoreOf('Great?!?!')).toBe(scoreOf('Great'));
});

test('sentences without a scored word do not dilute the others', () => {
  expect(scoreOf('Terrible service. I waited for an hour. It was a Tuesday.')).toBe(scoreOf('Terrible service.'));
});

test('capitals, curly apostrophes and hashtags change nothing', () => {
  expect(scoreOf('GOOD')).toBe(scoreOf('good'));
  expect(scoreOf('I don’t like it')).toBe(scoreOf("I don't like it"));
  expect(scoreOf('#love it')).toBe(scoreOf('love it'));
});

test('words in links and mentions are not opinions', () => {
  expect(scoreOf('see https://example.com/terrible @awful_user hate@example.com')).toBeNull();
});

test('an English text in which nothing was understood is not scored, never neutral', () => {
  expect(analysisOf('The meeting was on Tuesday at the office')).toMatchObject({
    language: 'en',
    label: 'not_scored',
    score: null,
    probability: null,
    explanation: null,
  });
});

test('names, typos and numbers leave nothing behind in the model', () => {
  for (let i = 0; i < 5_000; i += 1)
    scorer.score(`the user${i} is good x${i}y 12${i} @name${i} #Tag${i} Zz${i.toString(36)}q`);
  expect(scorer.unknownWords()).toBeLessThanOrEqual(1);
});

test('a model built again between texts scores the same', { timeout: 60_000 }, () => {
  const forgetful = createEnglishScorer(0);
  for (let i = 0; i < 5; i += 1)
    expect(forgetful.score('zzz is not good, xyzzy :)')).toEqual(scorer.score('zzz is not good, xyzzy :)'));
});

test('other languages are not scored', () => {
  for (const text of ['Le service est nul et trop cher', 'الخدمة سيئة جدا في هذه المدينة', 'El servicio es muy malo']) {
    expect(analysisOf(text)).toMatchObject({ label: 'not_scored', score: null, probability: null, explanation: null });
  }
});

test('the explanation points at the words, in the original text', () => {
  expect(spansOf('Well… I can’t 🇲🇦 recommend it 👍🏽 at all')).toEqual([
    ['Well', 'lexicon'],
    ['can’t', 'negation'],
    ['recommend', 'lexicon'],
    ['👍🏽', 'emoji'],
  ]);
});

test.each([
  [-1, 'negative'],
  [-0.15, 'negative'],
  [-0.149, 'neutral'],
  [0, 'neutral'],
  [0.149, 'neutral'],
  [0.15, 'positive'],
  [null, 'not_scored'],
] as const)('a score of %s is %s', (score, label) => {
  expect(labelOf(score)).toBe(label);
});

test('the probability rises with the score and with the matches, within its bounds', () => {
  for (let matches = 1; matches < 20; matches += 1) {
    for (const score of [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
      const here = probabilityOf(score, matches);
      expect(here).toBeGreaterThanOrEqual(0.34);
      expect(probabilityOf(-score, matches)).toBe(here);
      expect(probabilityOf(score + 0.1, matches)).toBeGreaterThan(here);
      expect(probabilityOf(score, matches + 1)).toBeGreaterThanOrEqual(here);
      expect(probabilityOf(1, 10_000)).toBeLessThanOrEqual(0.9);
    }
  }
});

test('what is too small to list is summed up in the rest', () => {
  const matches: Match[] = Array.from({ length: 100 }, (_, i) => ({
    start: i,
    end: i + 1,
    weight: i % 3 === 0 ? -0.3 : 0.9 - i / 200,
    reason: 'lexicon',
    sentence: i % 7,
  }));
  const scored = aggregate(matches);
  expect(scored?.explanation.contributions).toHaveLength(40);
  expect(scored?.explanation.rest).not.toBe(0);
  expectToAddUp(scored?.explanation ?? null, scored?.score ?? null);
});

function expectToAddUp(explanation: Analysis['explanation'], score: number | null): void {
  if (!explanation || score === null) throw new Error('nothing to add up');
  const sum = explanation.contributions.reduce(
    (total, { weight }) => total + weight,
    explanation.bias + explanation.rest,
  );
  expect(Math.abs(Math.max(-1, Math.min(1, sum)) - score)).toBeLessThanOrEqual(1e-6);
}

/** Checks what holds for every text; says whether it was scored. */
function expectSound(text: string, analysis: Analysis): boolean {
  Analysis.parse(analysis);
  const { label, score, probability, explanation } = analysis;
  expect([score, probability, explanation].map((part) => part === null)).toEqual(Array(3).fill(label === 'not_scored'));
  if (!explanation) return false;
  expect(label).toBe(labelOf(score));
  expectToAddUp(explanation, score);
  for (const { start, end } of explanation.contributions) {
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThan(start);
    expect(end).toBeLessThanOrEqual(text.length);
    expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
  }
  return true;
}

const piece = fc.oneof(
  fc.constantFrom(
    'good',
    'GREAT',
    'terrible',
    'love',
    'hate',
    'awful',
    'nice',
    'happy',
    'fail',
    'amazing',
    'worst',
    'crisis',
  ),
  fc.constantFrom('not', "don't", 'can’t', 'never', 'no', 'nobody', 'but', 'very', "isn't", 'without'),
  fc.constantFrom('👍🏽', '😡', '😂😂😂', '❤️', ':)', ':-(', '🇲🇦', '<3'),
  fc.constantFrom('.', '!!!!', '?!', '...', '…', ',', '\n', '\n\n', '«', '”', '-', '(', ')'),
  fc.constantFrom(
    'https://t.co/good',
    '@hate',
    '#love',
    '#DataCenter',
    'U.S.',
    'Mr.',
    'e.g.',
    'x@bad.com',
    '12.5',
    '5G',
  ),
  fc.constantFrom(
    'the',
    'is',
    'this',
    'service',
    'Casablanca',
    'état',
    'مغرب',
    'constructor',
    'zzzqqq',
    '\u0301',
    '\ud83d',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const post = fc
  .array(fc.tuple(piece, fc.constantFrom(' ', ' ', ' ', '', '  ', '\u00a0', '\t')), { minLength: 1, maxLength: 40 })
  .map((pieces) => `This is what they have said about the ${pieces.flat().join('')}`);

test('the explanations of 3,000 generated English posts add up', { timeout: 120_000 }, () => {
  let scored = 0;
  fc.assert(
    fc.property(post, (text) => {
      if (expectSound(text, analysisOf(text))) scored += 1;
    }),
    { numRuns: 3_000, seed: 20 },
  );
  expect(scored).toBeGreaterThan(2_000);
});

test('the explanations of labelled English posts add up (skipped without the data)', { timeout: 120_000 }, () => {
  const file = new URL('../../../shared/data/sentiment/umsab-en-dev.tsv', import.meta.url);
  if (!existsSync(file)) {
    console.warn('skipped: no ../shared/data/sentiment/umsab-en-dev.tsv');
    return;
  }
  const texts = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t')[3] ?? '');
  const scored = texts.filter((text) => expectSound(text, analysisOf(text)));
  expect(scored.length).toBeGreaterThan(texts.length / 2);
});
