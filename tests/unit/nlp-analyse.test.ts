/** The analyser as a whole: safe with any string, the same result in any order, versions that mean what they say. */
import { expect, test } from 'vitest';
import { Analysis } from '../../shared/contracts/analysis.ts';
import { createAnalyser, createEngine, MAX_ANALYSED_UNITS } from '../../shared/nlp/analyse.ts';

const SLOW_MS = 240_000;
const analyser = createAnalyser();
const POSTS = [
  'The new data center in Casablanca is great!!! But I don’t like the price of water 😡',
  "U.S. firms aren't happy. U.S.A. U.S.A. e.g. the (U.S.A.) market",
  'Le centre de données de Casablanca est très bien',
  'واش هادشي معقول؟ الثمن غالي بزاف ديال الما',
  'wach kayn chi khdma f had lblad',
  'Well-known state-of-the-art 5G is good :) <3',
  'JOHN’S GREAT!!! john’s great',
];

test.each([
  ['nothing', ''],
  ['spaces', ' \n\t\u00a0\u3000 '],
  ['100 kB of emoji', '😡👍🏽'.repeat(17_000)],
  ['an emoji cut in two by the limit', `a${'😡'.repeat(MAX_ANALYSED_UNITS)}`],
  ['lone surrogates', 'this is the good \ud83d\udc00\udc00 \ud800 one'],
  ['NUL and control characters', 'this is\u0000 the \u0007good\u001b one\u0000'],
  ['10,000 combining marks', `this is the good e${'\u0301'.repeat(10_000)}`],
  ['only combining marks', '\u0301'.repeat(10_000)],
  ['overrides of direction', 'this is \u202ethe good\u202c one \u2066x\u2069'],
  ['names of Object.prototype', 'constructor toString __proto__ hasOwnProperty valueOf this is the constructor'],
  ['one long word', 'a'.repeat(100_000)],
  ['many points', 'the a.b is '.concat('a.b.'.repeat(30_000))],
  ['many apostrophes and hyphens', `it's the ${"a'b-".repeat(30_000)}`],
  ['a long address that is none', `${'a.'.repeat(20_000)}@${'b'.repeat(20_000)}`],
  ['many hashtags', '#DataCenterWater'.repeat(10_000)],
  ['one term over and over', 'data center Casablanca '.repeat(10_000)],
  ['100 kB of digits', '1234567890,'.repeat(10_000)],
  ['100 kB of brackets', '([{<:'.repeat(20_000)],
  ['100 kB of Arabic', 'مركز البيانات، '.repeat(7_000)],
])('is safe with %s', { timeout: SLOW_MS }, (_name, text) => {
  for (const languageHint of [undefined, 'en', 'constructor', '']) {
    const [analysis] = analyser.analyse([{ text, languageHint }]);
    Analysis.parse(analysis);
    const ends = [...(analysis?.entities ?? []), ...(analysis?.explanation?.contributions ?? [])].map(({ end }) => end);
    expect(Math.max(0, ...ends)).toBeLessThanOrEqual(Math.min(text.length, MAX_ANALYSED_UNITS));
  }
});

test('what is beyond the limit changes nothing', () => {
  const start = 'This is the best service in the world. '.repeat(200).slice(0, MAX_ANALYSED_UNITS);
  expect(analyser.analyse([{ text: `${start} terrible awful data center` }])).toEqual(
    analyser.analyse([{ text: start }]),
  );
});

test(
  'a result does not depend on the texts before it',
  () => {
    const alone = POSTS.map((text) => createAnalyser().analyse([{ text }])[0]);
    const inputs = POSTS.map((text) => ({ text }));
    expect(analyser.analyse(inputs)).toEqual(alone);
    expect(analyser.analyse(inputs.toReversed()).reverse()).toEqual(alone);
  },
  SLOW_MS,
);

test('25 analysers of one process agree', { timeout: SLOW_MS }, () => {
  const inputs = POSTS.map((text) => ({ text }));
  const results = Array.from({ length: 25 }, () => JSON.stringify(createAnalyser().analyse(inputs)));
  expect(new Set(results).size).toBe(1);
});

test('versions are stable, and users’ terms change the taxonomy and nothing else', () => {
  const terms = [
    { topic: 'mine', language: 'en', term: 'great' },
    { topic: 'other', language: 'fr', term: 'centre' },
  ];
  const mine = createAnalyser({ userTerms: terms });
  expect(mine.model).toBe(analyser.model);
  expect(mine.model).toMatch(/^sada-2:[0-9a-f]{10}$/);
  expect(mine.topicsVersion).not.toBe(analyser.topicsVersion);
  expect(createAnalyser({ userTerms: terms.toReversed() }).topicsVersion).toBe(mine.topicsVersion);
  expect(createAnalyser({ userTerms: [] }).topicsVersion).toBe(analyser.topicsVersion);

  const inputs = POSTS.map((text) => ({ text }));
  const sentiment = (results: Analysis[]) =>
    results.map(({ language, label, score, probability, explanation, model }) => [
      language,
      label,
      score,
      probability,
      explanation,
      model,
    ]);
  expect(sentiment(mine.analyse(inputs))).toEqual(sentiment(analyser.analyse(inputs)));
  expect(mine.analyse(inputs)[0]?.topics.map(({ topic }) => topic)).toContain('mine');
});

test('an analyser made anew with the same engine is one made from nothing, and the one before goes on as it was', {
  timeout: SLOW_MS,
}, () => {
  const engine = createEngine();
  const inputs = POSTS.map((text) => ({ text }));
  const before = createAnalyser({ engine });
  const expected = before.analyse(inputs);
  expect(expected).toEqual(analyser.analyse(inputs));
  const terms = [
    { topic: 'mine', language: 'en', term: 'great' },
    { topic: 'mine', language: 'ary', term: 'معقول' },
    { topic: 'mine', language: 'fr', term: 'très bien' },
  ];
  const after = createAnalyser({ engine, userTerms: terms });
  const results = after.analyse(inputs);
  expect(results).toEqual(createAnalyser({ userTerms: terms }).analyse(inputs));
  expect(results.filter(({ topics }) => topics.some(({ topic }) => topic === 'mine'))).toHaveLength(4);
  const untouched = ({ topics: _, topics_version: __, ...rest }: Analysis) => rest;
  expect(results.map(untouched)).toEqual(expected.map(untouched));
  // In turns on one engine: neither sees the other's text or terms.
  for (const [n, input] of inputs.entries()) {
    expect(before.analyse([input])[0]).toEqual(expected[n]);
    expect(after.analyse([input])[0]).toEqual(results[n]);
  }
  expect(createAnalyser({ engine }).analyse(inputs)).toEqual(expected);
});

test('every result carries the versions it was made with', () => {
  for (const analysis of analyser.analyse([{ text: 'good' }, { text: '' }])) {
    expect(analysis).toMatchObject({ model: analyser.model, topics_version: analyser.topicsVersion });
  }
});
