/** Reading through wink-nlp with our own model: bounded memory, the same result whatever came before, phrases. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReader, type PhraseMatching } from '../../shared/nlp/reader.ts';

const SLOW_MS = 240_000;
const PROBE = 'La fibre est morte à Témara… Le 12,5 % ? الكونيكسيون عيانة، 3likom 👍🏽';

test('300,000 distinct words are read with few of them kept, and the probe reads the same all along', {
  timeout: SLOW_MS,
}, () => {
  const limit = 60_000;
  const reader = createReader({ mostWords: limit });
  const reading = () => {
    const { words, starts, ends, sentences } = reader.read(PROBE);
    return JSON.stringify([words.map(({ form, kind }) => [form, kind]), [...starts], [...ends], sentences]);
  };
  const expected = reading();
  const wordsAText = 50;
  let most = 0;
  let recycled = 0;
  let before = 0;
  for (let text = 0; text < 300_000 / wordsAText; text += 1) {
    const words = Array.from({ length: wordsAText / 2 }, (_, i) => `zq${text}x${i} كلمة${text}ب${i}`);
    reader.read(words.join(' '));
    const kept = reader.keptWords();
    if (kept < before) recycled += 1;
    before = kept;
    most = Math.max(most, kept);
    if (text % 500 === 0) expect(reading()).toBe(expected);
  }
  expect(recycled).toBeGreaterThanOrEqual(4);
  // One text may pass the limit before the next one finds it passed.
  expect(most).toBeLessThan(limit + 10 * wordsAText);
  expect(reading()).toBe(expected);
});

const matchingOf = (phrases: readonly string[]): PhraseMatching => ({
  patterns: phrases.map((phrase) => ({ name: phrase, patterns: [phrase] })),
  eventOf: (word) => word.text.toLowerCase(),
});

test('the 30th reader of a process matches as the first', { timeout: SLOW_MS }, () => {
  const results = Array.from({ length: 30 }, () => {
    const reader = createReader({ matching: matchingOf(['at length', 'big match', 'search']) });
    return JSON.stringify(reader.read('a search at length for the big match').phrases);
  });
  expect(new Set(results)).toEqual(new Set(['[[1,1,"search"],[2,3,"at length"],[6,7,"big match"]]']));
});

test.each(Object.getOwnPropertyNames(Object.prototype))('the phrase "%s" is found like any other', (name) => {
  const reader = createReader({ matching: matchingOf([name.toLowerCase()]) });
  const { phrases } = reader.read(`a ${name} b toString constructor`);
  expect(phrases.filter(([at]) => at === 1)).toEqual([[1, 1, name.toLowerCase()]]);
});

/** Leftmost, longest, no overlap: what is promised, written the plain way. */
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

test('phrases are the leftmost and longest, as a plain search finds them', { timeout: SLOW_MS }, () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd');
  const phrase = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(
      fc.uniqueArray(phrase, { minLength: 1, maxLength: 8 }),
      fc.array(word, { minLength: 1, maxLength: 14 }),
      (phrases, words) => {
        const reader = createReader({ matching: matchingOf(phrases) });
        expect(reader.read(words.join(' ')).phrases).toEqual(plainMatches(phrases, words));
      },
    ),
    { numRuns: 600, seed: 7 },
  );
});

test('any string is read to its end: tokens are in order, inside the text, and cover every letter', () => {
  const reader = createReader();
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const { starts, ends, words, sentences } = reader.read(text);
      const covered = new Uint8Array(text.length);
      for (let i = 0; i < words.length; i += 1) {
        expect(ends[i]).toBeGreaterThanOrEqual(starts[i] as number);
        expect(ends[i]).toBeLessThanOrEqual(text.length);
        if (i > 0) expect(starts[i]).toBeGreaterThanOrEqual(starts[i - 1] as number);
        covered.fill(1, starts[i], ends[i]);
      }
      for (const letter of text.matchAll(/[a-zA-Zء-ي]/gu)) expect(covered[letter.index]).toBe(1);
      expect(sentences.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
        words.map((_, i) => i),
      );
    }),
    { numRuns: 3_000, seed: 11 },
  );
});
