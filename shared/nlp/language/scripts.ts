/**
 * Languages that their writing names: neither Latin nor Arabic, or Arabic letters that Arabic itself does not have.
 * Called by detect.ts. Try it: npx vitest run --project unit tests/unit/nlp-language.test.ts
 */
import type { Word } from '../wink/words.ts';

const OTHER_WRITING: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, 'ja'],
  [/\p{Script=Hangul}/gu, 'ko'],
  [/\p{Script=Han}/gu, 'zh'],
  [/\p{Script=Tifinagh}/gu, 'zgh'],
  [/\p{Script=Greek}/gu, 'el'],
  [/\p{Script=Hebrew}/gu, 'he'],
  [/\p{Script=Cyrillic}/gu, 'ru'],
  [/\p{Script=Devanagari}/gu, 'hi'],
  [/\p{Script=Ethiopic}/gu, 'am'],
  [/\p{Script=Thai}/gu, 'th'],
];
const JAPANESE_SHARE = 0.1;
const SHARE = 0.5;

/** The language of a text that is mostly neither in Latin nor in Arabic letters. */
export function otherWriting(words: readonly Word[]): string | undefined {
  const text = words.map((word) => word.text).join(' ');
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  for (const [pattern, language] of OTHER_WRITING) {
    const found = text.match(pattern)?.length ?? 0;
    // Japanese mixes kana with Han: a few kana settle it.
    const needed = language === 'ja' ? JAPANESE_SHARE : SHARE;
    if (found === 0 || found < needed * letters) continue;
    return language === 'ru' && /[іїєґ]/iu.test(text) ? 'uk' : language;
  }
  return undefined;
}

const PERSIAN = /[پچژگ]/u;
const URDU = /[ٹڈڑںےہھ]/u;
/** Darija writes a few of these letters too, mostly in loans: only many of them make a text Persian. */
const PERSIAN_SHARE = 0.2;
const PERSIAN_WORDS = new Set([
  'است',
  'این',
  'که',
  'را',
  'برای',
  'های',
  'می',
  'شد',
  'کرد',
  'اين',
  'براي',
  'هاي',
  'مي',
  'كرد',
  'كه',
  'بود',
  'شود',
  'خود',
  'اند',
]);

const IS_URDU = 4;
/** What the letters of a word say: 1 or 2 for Persian, and 4 for Urdu. Found once a word. */
function writingOf(word: Word): number {
  if (word.writing >= 0) return word.writing;
  const { text } = word;
  const persian = PERSIAN_WORDS.has(text) ? 2 : PERSIAN.test(text) ? 1 : 0;
  word.writing = persian + (URDU.test(text) ? IS_URDU : 0);
  return word.writing;
}

/** Persian or Urdu, told by letters and a few words; undefined for Arabic and Darija. */
export function writingOfArabic(words: readonly Word[]): string | undefined {
  let persian = 0;
  let urdu = 0;
  let arabic = 0;
  // A plain loop: this looks at every word of every text in Arabic letters.
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] as Word;
    if (word.script !== 'arabic') continue;
    arabic += 1;
    const writing = writingOf(word);
    if (writing >= IS_URDU) urdu += 1;
    persian += writing % IS_URDU;
  }
  if (urdu * 5 >= arabic && urdu > 1) return 'ur';
  return persian > 2 && persian >= PERSIAN_SHARE * arabic * 1.5 ? 'fa' : undefined;
}
