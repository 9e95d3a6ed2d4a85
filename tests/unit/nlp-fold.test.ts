/** Folding: one spelling for what is written in many ways, and the way back to the original. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldText } from '../../shared/nlp/wink/foldText.ts';

const SLOW_MS = 120_000;

test.each([
  ['keeps capitals and Latin accents', 'ÉTÉ déjà cœur garçon', 'ÉTÉ déjà cœur garçon'],
  ['writes a letter and its accent as one', 'e\u0301te\u0301 man\u0303ana', 'été mañana'],
  ['drops accents that belong to no letter', 'q\u0301 fi\u0301\u0301\u0301n', 'q fín'],
  ['drops Arabic vowel signs', 'رَائِعٌ محمّد', 'رائع محمد'],
  ['writes every alef alike', 'أحمد إلى آخر ٱلعمل', 'احمد الي اخر العمل'],
  ['writes alef maqsura as ya', 'على مستوى', 'علي مستوي'],
  ['writes ta marbuta as ha', 'مدرسة جديدة', 'مدرسه جديده'],
  ['writes Persian kaf and ya as Arabic ones', 'کتاب یوم', 'كتاب يوم'],
  ['writes presentation forms as letters', 'ﻣﺮﺣﺒﺎ ﻻ', 'مرحبا لا'],
  ['writes ligatures as letters', 'ﷲ ﬁn', 'الله fin'],
  ['writes full-width letters as plain ones', 'ＡＢＣ！', 'ABC!'],
  ['writes curly apostrophes as straight ones', 'n’est l‘eau qu´on dʼun a`b', "n'est l'eau qu'on d'un a'b"],
  ['writes unusual spaces as spaces', '12\u00a0500\u202f%\u3000a\tb', '12 500 % a b'],
  ['writes line separators as line breaks', 'a\r\nb\u2028c', 'a\nb\nc'],
  ['keeps two of a Latin letter repeated more often', 'trooop jaaaadooore NOOON', 'troop jaadoore NOON'],
  ['keeps a Latin letter written twice', 'passer allo', 'passer allo'],
  ['keeps one of an Arabic letter repeated three times or more', 'جداااا زويييين', 'جدا زوين'],
  ['keeps an Arabic letter written twice', 'الله ممتاز', 'الله ممتاز'],
  ['keeps repeated digits and marks', '1000 !!! 😡😡😡', '1000 !!! 😡😡😡'],
  ['drops marks of direction', '\u202bمرحبا\u202c a\u200eb \u2066x\u2069', 'مرحبا ab x'],
  [
    'drops soft hyphens, widthless spaces and control characters',
    'soft\u00adhy zero\u200bwidth \u0001\0x',
    'softhy zerowidth x',
  ],
  ['keeps the joiners inside emoji', '👨\u200d👩\u200d👧 🏴\u200d☠\ufe0f', '👨\u200d👩\u200d👧 🏴\u200d☠\ufe0f'],
  ['keeps emoji variants and keycaps', '❤\ufe0f 1\ufe0f\u20e3 👍🏽', '❤\ufe0f 1\ufe0f\u20e3 👍🏽'],
  [
    'leaves addresses as they are',
    'https://ex.com/aaaa?x=جدااا www.aaab.com/é’',
    'https://ex.com/aaaa?x=جدااا www.aaab.com/é’',
  ],
])('%s', (_what, text, folded) => {
  expect(foldText(text).text).toBe(folded);
});

test.each([
  ['جميـــــل', 'جميل'],
  ['مـحـمد', 'محمد'],
])('drops the tatweel of %s', (text, folded) => {
  expect(foldText(text).text).toBe(folded);
});

test.each([
  ['جد\ufe8d\ufe8d\ufe8d', 'جدا'],
  ['ｓｏｏｏ', 'soo'],
])('folds the repeated presentation forms of %s', (text, folded) => {
  expect(foldText(text).text).toBe(folded);
});

/** Letters and everything that folding touches, often. */
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...'aabcéEœلاهيوأإآةىکی ') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        '\u0301',
        '\u0327',
        '\u064b',
        '\u0651',
        '\u0640',
        '\u200d',
        '\u200b',
        '\u202b',
        '\u00ad',
        '\u00a0',
        '\r',
        '\n',
      ],
      ...[
        '\ufef5',
        '\ufdf2',
        '\ufdfa',
        '\ufb01',
        '\uff21',
        '’',
        '😡',
        '👍🏽',
        'https://é.ma/ ',
        'www.x',
        '\0',
        '\ufeff',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) },
);
const anyText = fc.oneof(
  fc.array(unit, { maxLength: 40 }).map((units) => units.join('')),
  fc.string({ unit: 'binary', maxLength: 80 }),
);

const HAND_MADE = [
  '',
  '\u0301',
  '\u202b',
  'ﷺ',
  'aaa',
  '\ufe8d\ufe8d\ufe8d',
  'e\u0301',
  '\u200bx\u200b',
  'ﻵﻵﻵ',
  '\ud83d',
  'a\u0640',
];

function checkMap(text: string): void {
  const { text: folded, original } = foldText(text);
  expect(original(0)).toBeGreaterThanOrEqual(0);
  for (let i = 1; i <= folded.length; i += 1) expect(original(i)).toBeGreaterThanOrEqual(original(i - 1));
  expect(original(folded.length)).toBe(text.length);
}

test('every offset of a folded text leads into the original, in order, and the end to the end', {
  timeout: SLOW_MS,
}, () => {
  for (const text of HAND_MADE) checkMap(text);
  fc.assert(fc.property(anyText, checkMap), { numRuns: 5_000, seed: 3 });
});

test('a piece of the original folds to the piece of the folded text that leads to it', { timeout: SLOW_MS }, () => {
  // Words apart by spaces: nothing that folds spans two of them.
  const word = fc.constantFrom(
    ...[
      'رَائِعٌ',
      'جداااا',
      'l’été',
      'e\u0301tat',
      'ﻣﺮﺣﺒﺎ',
      'ﷲ',
      'trooop',
      '\u202bمرحبا\u202c',
      'zero\u200bwidth',
      '👍🏽',
      'ok',
      'ＡＢＣ',
    ],
  );
  const gap = fc.constantFrom(' ', '  ', '\n', '\u00a0', ' \u200f');
  fc.assert(
    fc.property(fc.array(fc.tuple(word, gap), { maxLength: 12 }), (pieces) => {
      const text = pieces.map((piece) => piece.join('')).join('');
      const { text: folded, original } = foldText(text);
      for (const match of folded.matchAll(/\S+/gu)) {
        const piece = text.slice(original(match.index), original(match.index + match[0].length));
        expect(foldText(piece).text.trim()).toBe(match[0]);
      }
    }),
    { numRuns: 2_000, seed: 5 },
  );
});

test.each([
  ['un trooop beau\u00a0jour', 'beau', 'beau'],
  ['هذا رَائِعٌ جداااا فعلا', 'رائع', 'رَائِعٌ'],
  ['هذا رَائِعٌ جداااا فعلا', 'جدا', 'جداااا'],
  ['ﷲ أكبر', 'اكبر', 'أكبر'],
  ['c’e\u0301tait bien', 'était', 'e\u0301tait'],
  ['\u202bمرحبا\u202c بكم', 'بكم', 'بكم'],
])('in "%s" what is found as "%s" was written "%s"', (text, found, written) => {
  const { text: folded, original } = foldText(text);
  const at = folded.indexOf(found);
  expect(at).toBeGreaterThanOrEqual(0);
  expect(text.slice(original(at), original(at + found.length))).toBe(written);
});

test('folding what is folded changes nothing', { timeout: SLOW_MS }, () => {
  const plainWord = fc.constantFrom('رائع', 'جداااا', 'l’été', 'trooop', 'ﻣﺮﺣﺒﺎ', 'مدرسة', 'e\u0301tat', 'a\u200eb');
  fc.assert(
    fc.property(fc.array(plainWord, { maxLength: 10 }), (words) => {
      const { text } = foldText(words.join(' '));
      expect(foldText(text).text).toBe(text);
    }),
    { numRuns: 500, seed: 9 },
  );
});

test('100 kB of what folds most are folded, not forgotten', { timeout: SLOW_MS }, () => {
  expect(foldText('أَ'.repeat(50_000)).text).toBe('ا'.repeat(50_000));
  expect(foldText('e\u0301 '.repeat(30_000)).text).toBe('é '.repeat(30_000));
});
