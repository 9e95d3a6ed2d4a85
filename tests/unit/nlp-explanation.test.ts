/** Explanations add up: to the score shown, and to the sum of trained weights that it stands for. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Analysis } from '../../shared/contracts/analysis.ts';
import { createAnalyser, MAX_ANALYSED_UNITS } from '../../shared/nlp/analyse.ts';
import { type Group, groupOf, LANGUAGES } from '../../shared/nlp/groups.ts';
import { annotate, emptyMarks } from '../../shared/nlp/lexicon/annotate.ts';
import { loadLexicon } from '../../shared/nlp/lexicon/lexicon.ts';
import { visitFeatures } from '../../shared/nlp/linear/features.ts';
import { createScorer, EXPERT, emptySums } from '../../shared/nlp/linear/scorer.ts';
import { readWeights } from '../../shared/nlp/linear/weights.ts';
import { readPackBytes, readTable } from '../../shared/nlp/packs/read.ts';
import { createReader } from '../../shared/nlp/reader.ts';
import { oddsOf, recompute, SCORE_RULES, verdictOf } from '../../shared/nlp/score.ts';
import { weightsPath } from '../../shared/nlp/sentiment.ts';

const SLOW_MS = 240_000;
const analyser = createAnalyser();
const analyse = (text: string): Analysis => analyser.analyse([{ text }])[0] as Analysis;

/** Every eighth of the project's own posts: the same ones in each run. */
const POSTS = LANGUAGES.flatMap((language) =>
  ['citizens', 'everyday', 'industry'].flatMap((name) =>
    readTable<'text'>(`${language}/posts-${name}.tsv`)
      .filter((_, i) => i % 8 === 0)
      .map(({ text }) => ({ text, language })),
  ),
);

/** Words that weigh, glued together at will. */
const loadedText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          'bon',
          'pas',
          'ne',
          'n’',
          'mais',
          'très',
          'horrible',
          'زوين',
          'ماشي',
          'بزاف',
          'ولكن',
          'رائع',
          'ليس',
          'zwin',
        ],
        ...[
          'machi',
          'bzaf',
          'walakin',
          'not',
          'good',
          'but',
          'very',
          'bueno',
          'pero',
          'no',
          '😡',
          '😍',
          '.',
          '\n',
          ',',
          '!',
        ],
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(' '));

/** What is wrong with an analysis, in words. */
function faultsOf(text: string, { label, score, probability, explanation, sentences }: Analysis): string[] {
  const faults: string[] = [];
  const want = (right: boolean, fault: string) =>
    right || faults.push(`${fault}: ${JSON.stringify(text.slice(0, 80))}`);
  if (label === 'not_scored') {
    want(score === null && probability === null && explanation === null, 'not scored, but with figures');
    return faults;
  }
  if (score === null || probability === null || explanation === null) return [`no figures: ${text.slice(0, 80)}`];
  want(Math.abs(recompute(explanation) - score) <= 1e-6, 'score differs from its explanation');
  want(explanation.contributions.length <= SCORE_RULES.listed, 'too many contributions');
  const end = Math.min(text.length, MAX_ANALYSED_UNITS);
  want(
    explanation.contributions.every((span) => span.start >= 0 && span.start < span.end && span.end <= end),
    'a span outside the text',
  );
  // Rounded to six digits, as stored.
  want(probability >= 1 / 3 - 1e-6 && probability <= 1, 'impossible probability');
  const odds = oddsOf(explanation);
  const parts = {
    positive: Math.exp(odds.polarity),
    negative: Math.exp(-odds.polarity),
    neutral: Math.exp(odds.neutral),
  };
  const total = parts.positive + parts.negative + parts.neutral;
  want(parts[label] === Math.max(...Object.values(parts)), 'the label is not the likeliest');
  want(Math.abs(parts[label] / total - probability) <= 2e-6, 'the probability is not that of the label');
  want(
    sentences.every((sentence) => (sentence.score === null) === (sentence.label === 'not_scored')),
    'a sentence with half a verdict',
  );
  return faults;
}

test('explanations of thousands of posts add up to their scores', { timeout: SLOW_MS }, () => {
  expect(POSTS.length).toBeGreaterThan(3_000);
  const analyses = analyser.analyse(POSTS);
  expect(POSTS.flatMap(({ text }, i) => faultsOf(text, analyses[i] as Analysis))).toEqual([]);
  const scored = analyses.filter(({ label }) => label !== 'not_scored');
  expect(scored.length).toBeGreaterThan(0.9 * POSTS.length);
});

test('explanations of made-up texts add up to their scores', { timeout: SLOW_MS }, () => {
  fc.assert(
    fc.property(fc.oneof(loadedText, fc.string({ unit: 'binary', maxLength: 100 })), (text) => {
      const analysis = analyse(text);
      Analysis.parse(analysis);
      expect(faultsOf(text, analysis)).toEqual([]);
    }),
    { numRuns: 2_000, seed: 13 },
  );
});

const reader = createReader();
const kits = new Map<Group, ReturnType<typeof loadKit>>();
function loadKit(group: Group) {
  const weights = readWeights(readPackBytes(weightsPath(group)));
  return {
    weights,
    lexicon: loadLexicon(group),
    scorers: Object.values(EXPERT).map((expert) => createScorer(group, weights, expert)),
  };
}

/** The log odds of a text as the scorer adds them up, and as features times weights. */
function bothWays(text: string, group: Group, expert: 0 | 1) {
  const kit = kits.get(group) ?? loadKit(group);
  kits.set(group, kit);
  const { weights, lexicon } = kit;
  const scorer = kit.scorers[expert] as (typeof kit.scorers)[number];
  const { words, sentences } = reader.read(text);
  const marks = emptyMarks(words.length);
  const sums = emptySums(words.length);
  for (const [from, to] of sentences) {
    annotate(words, from, to, lexicon, marks);
    scorer.fill(words, marks, from, to, sums);
  }
  const stretch = { words, marks, sentences };
  const [polarity = 0, neutral = 0] = weights.header.bias.slice(expert * 2);
  const slow = { polarity, neutral };
  visitFeatures(stretch, (feature, value) => {
    const row = weights.row(feature);
    if (row < 0) return;
    slow.polarity += weights.at(row, expert * 2) * value;
    slow.neutral += weights.at(row, expert * 2 + 1) * value;
  });
  return { fast: scorer.odds(stretch, sums), slow };
}

test('the scorer adds up what features times weights give', { timeout: SLOW_MS }, () => {
  let most = 0;
  for (const { text, language } of POSTS) {
    for (const expert of Object.values(EXPERT)) {
      const { fast, slow } = bothWays(text, groupOf(language), expert);
      most = Math.max(most, Math.abs(fast.polarity - slow.polarity), Math.abs(fast.neutral - slow.neutral));
    }
  }
  expect(most).toBeLessThan(1e-9);
  fc.assert(
    fc.property(
      loadedText,
      fc.constantFrom<Group>('fr', 'ar', 'ary', 'en', 'es'),
      fc.constantFrom(0, 1),
      (text, group, expert) => {
        const { fast, slow } = bothWays(text, group, expert);
        expect(Math.abs(fast.polarity - slow.polarity)).toBeLessThan(1e-9);
        expect(Math.abs(fast.neutral - slow.neutral)).toBeLessThan(1e-9);
      },
    ),
    { numRuns: 500, seed: 17 },
  );
});

const reasonsAt = (text: string): string[] =>
  (analyse(text).explanation?.contributions ?? []).map(
    ({ start, end, reason }) => `${text.slice(start, end)} ${reason}`,
  );

test.each([
  ['Ils ne sont pas honnêtes avec les clients', 'pas negation'],
  ['They are not honest with the customers', 'not negation'],
  ['No son honestos con los clientes', 'No negation'],
  ['الموظف ليس صادقا مع الناس', 'ليس negation'],
  ['had lblassa machi zwina', 'machi negation'],
  ['هاد البلاصة ماشي زوينة', 'ماشي negation'],
  ['had lblassa zwina bzaf', 'bzaf intensifier'],
  ['هاد البلاصة زوينة بزاف', 'بزاف intensifier'],
  ['Un service solide mais lent', 'mais contrast'],
  ['The service is good but expensive', 'but contrast'],
  ['El servicio es bueno pero caro', 'pero contrast'],
  ['هاد البلاصة زوينة ولكن غالية', 'ولكن contrast'],
  ['had lblassa zwina walakin ghalya bzaf', 'walakin contrast'],
  ['Merci pour tout 😍', '😍 emoji'],
  ['Un service honnête et rapide', 'honnête lexicon'],
])('"%s": the explanation shows "%s"', (text, shown) => {
  expect(reasonsAt(text)).toContain(shown);
});

test('every reason is given, and rules are shown on words that carry a rule', { timeout: SLOW_MS }, () => {
  const seen = new Map<string, number>();
  const rules = { negation: new Set<string>(), intensifier: new Set<string>(), contrast: new Set<string>() };
  for (const { text } of POSTS.filter(({ language }) => language === 'en')) {
    for (const { start, end, reason } of analyse(text).explanation?.contributions ?? []) {
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
      if (reason in rules) rules[reason as keyof typeof rules].add(text.slice(start, end).toLowerCase());
    }
  }
  for (const reason of ['lexicon', 'ngram', 'emoji', 'negation', 'intensifier', 'contrast']) {
    expect(seen.get(reason), reason).toBeGreaterThan(5);
  }
  expect([...rules.negation]).toEqual(expect.arrayContaining(['not', 'no', 'never']));
  expect([...rules.contrast]).toContain('but');
  const known = new Set(readTable<'phrase'>('en/rules.tsv').flatMap(({ phrase }) => phrase.split(' ')));
  const written = Object.values(rules).flatMap((words) => [...words].map((word) => word.replaceAll('’', "'")));
  // Drawls ("sooo") and words of other languages aside.
  expect(written.filter((word) => !known.has(word)).length).toBeLessThan(0.2 * written.length);
});

test('what a negation does is shown apart from the word that it turns around', () => {
  const text = 'Ils ne sont pas honnêtes avec les clients';
  const contributions = analyse(text).explanation?.contributions ?? [];
  const of = (reason: string) => contributions.find((contribution) => contribution.reason === reason);
  expect(of('lexicon')?.weight).toBeGreaterThan(0);
  expect(of('negation')?.weight).toBeLessThan(0);
});

test('"ce n’est pas honnête" is explained by its negation', () => {
  expect(reasonsAt('ce n’est pas honnête').some((reason) => reason.endsWith('negation'))).toBe(true);
});

test('the sentence that started it all is positive', () => {
  const { language, label } = analyse(
    'Enfin, on n’est plus juste le pays du thé à la menthe, on devient un acteur du futur numérique !',
  );
  expect([language, label]).toEqual(['fr', 'positive']);
});

test.each([
  ['positive', 'Un accueil magnifique, une équipe formidable, bravo !'],
  ['negative', 'Un service lamentable, une honte, je suis très déçu'],
  ['positive', 'خدمة ممتازة وفريق رائع، شكرا لكم'],
  ['negative', 'خدمة سيئة جدا، فشل وفساد'],
  ['positive', 'هادشي زوين بزاف، تبارك الله عليكم'],
  ['negative', 'هادشي خايب بزاف، حشومة عليكم'],
  ['positive', 'Great service, wonderful team, thank you so much!'],
  ['negative', 'Terrible service, what a shame, I am very disappointed'],
  ['positive', 'Un servicio maravilloso, muchas gracias, estoy encantado'],
  ['negative', 'Un servicio horrible, qué vergüenza, estoy indignado'],
] as const)('%s: "%s"', (label, text) => {
  expect(analyse(text).label).toBe(label);
});

test('an explanation as the first scorer stored it is still added up its way', () => {
  const old = { bias: 0.1, contributions: [{ start: 0, end: 3, weight: 0.5, reason: 'lexicon' as const }], rest: -0.2 };
  expect(recompute(old)).toBeCloseTo(0.4, 12);
  expect(recompute({ ...old, rest: 7 })).toBe(1);
});

test.each([
  [{ polarity: 0, neutral: -1 }, 'negative', 0],
  [{ polarity: 0, neutral: 0 }, 'neutral', 0],
  [{ polarity: 1, neutral: 0 }, 'positive', (Math.E - 1 / Math.E) / (Math.E + 1 / Math.E + 1)],
  [{ polarity: -1, neutral: 2 }, 'neutral', (1 / Math.E - Math.E) / (Math.E + 1 / Math.E + Math.E ** 2)],
  [{ polarity: 1e9, neutral: -1e9 }, 'positive', 1],
  [{ polarity: -1e9, neutral: 1e9 }, 'neutral', -0.5],
] as const)('log odds %j are %s', (odds, label, score) => {
  const verdict = verdictOf(odds);
  expect(verdict.label).toBe(label);
  expect(verdict.score).toBeCloseTo(score, 5);
  expect(verdict.probability).toBeGreaterThanOrEqual(1 / 3 - 1e-6);
});
