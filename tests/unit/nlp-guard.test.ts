/** wink-nlp, guarded: loads without end, keeps its memory bounded, and matches phrases as a plain search would. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEnglishReader } from '../../shared/nlp/guard.ts';
import { createPhraseMatcher } from '../../shared/nlp/matcher.ts';

const PROBE = 'the service is not good . i love it 👍 !';
const SLOW_MS = 240_000;

test('300,000 distinct words are read with few of them kept, and the probe reads the same all along', {
  timeout: SLOW_MS,
}, () => {
  const limit = 60_000;
  const reader = createEnglishReader(limit);
  const reading = () => {
    const { scored, negators, doc } = reader.read(PROBE);
    return JSON.stringify([scored, negators, doc.sentences]);
  };
  const expected = reading();
  const wordsAText = 50;
  let most = 0;
  for (let text = 0; text < 300_000 / wordsAText; text += 1) {
    const words = Array.from(
      { length: wordsAText },
      (_, i) => `zq${(text * wordsAText + i).toString(36)}x كلمة${text}ـ${i}`,
    );
    reader.read(words.join(' '));
    most = Math.max(most, reader.unknownWords());
    if (text % 500 === 0) expect(reading()).toBe(expected);
  }
  expect(reader.recycled()).toBeGreaterThanOrEqual(4);
  // One text may pass the limit before the next one finds it passed.
  expect(most).toBeLessThan(limit + 10 * wordsAText);
  expect(most).toBeGreaterThan(limit / 2);
  expect(reading()).toBe(expected);
});

test('the 30th reader and matcher of a process work as the first', { timeout: SLOW_MS }, () => {
  const results = Array.from({ length: 30 }, () => {
    const match = createPhraseMatcher([
      { name: 'a', phrase: 'at length' },
      { name: 'b', phrase: 'big match' },
      { name: 'c', phrase: 'search' },
    ]);
    return JSON.stringify([createEnglishReader().read(PROBE).scored, match('a search at length for the big match')]);
  });
  expect(new Set(results).size).toBe(1);
  expect(results[0]).toContain('[[1,1,"c"],[2,3,"a"],[6,7,"b"]]');
});

test.each(Object.getOwnPropertyNames(Object.prototype))(
  'the phrase "%s" is learned and found like any other',
  (name) => {
    const match = createPhraseMatcher([{ name: 's', phrase: name }]);
    expect(match(`a ${name} b toString constructor`).filter(([at]) => at === 1)).toEqual([[1, 1, 's']]);
  },
);

/** Leftmost, longest, no overlap: what the matcher promises, written the plain way. */
function plainMatches(phrases: readonly string[], words: readonly string[]): [number, number, string][] {
  const found: [number, number, string][] = [];
  for (let i = 0; i < words.length; i += 1) {
    const longest = phrases
      .filter((phrase) => words.slice(i, i + phrase.split(' ').length).join(' ') === phrase)
      .toSorted((a, b) => b.split(' ').length - a.split(' ').length)[0];
    if (!longest) continue;
    const last = i + longest.split(' ').length - 1;
    found.push([i, last, longest]);
    i = last;
  }
  return found;
}

test('matches are the leftmost and longest, as a plain search finds them', { timeout: SLOW_MS }, () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd');
  const phrase = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(
      fc.uniqueArray(phrase, { minLength: 1, maxLength: 8 }),
      fc.array(word, { minLength: 1, maxLength: 14 }),
      (phrases, words) => {
        const match = createPhraseMatcher(phrases.map((each) => ({ name: each, phrase: each })));
        expect(match(words.join(' '))).toEqual(plainMatches(phrases, words));
      },
    ),
    { numRuns: 1_000, seed: 7 },
  );
});
