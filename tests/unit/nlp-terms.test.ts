/** Terms of a text: words and pairs as they are counted, in the languages and spellings that people use. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldWords } from '../../shared/nlp/fold.ts';
import { readTable } from '../../shared/nlp/packs/read.ts';
import { termsOf, termsVersion } from '../../shared/nlp/terms.ts';
import { foldText } from '../../shared/nlp/wink/foldText.ts';

const keys = (text: string, language?: string) => termsOf(text, { language }).map(({ key }) => key);

test.each([
  ['French', 'fr', "L'eau est coupée à Salé depuis hier", ['eau', 'coupee', 'eau coupee', 'sale', 'coupee sale']],
  ['English', 'en', "The data center isn't finished", ['data', 'center', 'data center', 'finished', 'center finished']],
  ['Spanish', 'es', 'La inversión en Nador', ['inversion', 'nador', 'inversion nador']],
  [
    'Darija in Latin letters',
    'ary-Latn',
    'had lconnexion dyal inwi khayba bzaf',
    ['lconnexion', 'inwi', 'lconnexion inwi', 'khayba', 'inwi khayba'],
  ],
  ['Darija in Arabic letters', 'ary', 'واش كاين الضو فالحي؟', ['ضو', 'حي', 'ضو حي']],
  ['Arabic', 'ar', 'وقالت إن الطاقة الشمسية', ['طاقه', 'شمسيه', 'طاقه شمسيه']],
])('words and pairs without stop words: %s', (_name, language, text, expected) => {
  const found = keys(text, language);
  for (const key of expected) expect(found).toContain(key);
  expect(found.length).toBeLessThanOrEqual(expected.length + 1);
});

test.each([
  ['accents and capitals', 'Énergie', 'energie'],
  ['curly apostrophes', 'L’énergie', "l'énergie"],
  ['drawls', 'جداااا', 'جدا'],
  ['vowel signs and tatweel', 'الطّاقَـــة', 'الطاقة'],
  ['hamza and ya', 'أزمى', 'ازمي'],
  ['article and particles', 'والطاقة', 'بالطاقة'],
  ['two lams', 'للطاقة', 'الطاقة'],
  ['spellings of a hashtag', '#DataCenter', '#data_center'],
])('one key for %s', (_name, one, other) => {
  expect(new Set(keys(one))).toEqual(new Set(keys(other)));
});

test('links, addresses, mentions, numbers alone and single letters are no terms', () => {
  expect(
    keys('https://exemple.ma/panne www.exemple.ma/eau @ministere_eau contact@exemple.ma 2030 1.500 45dh 8h30 ٢٠٣٠ x'),
  ).toEqual([]);
});

test('a number counts beside a word, and names with a digit are words', () => {
  expect(keys('Mondial 2030 5G', 'fr')).toEqual(['mondial', 'mondial 2030', '5g', '2030 5g']);
});

test('a hashtag is a term of its own beside its words', () => {
  expect(keys('#DataCenter')).toEqual(['#datacenter', 'data', 'center', 'data center']);
});

test('no pair reaches over the end of a clause, a mention or more than two stop words', () => {
  expect(keys('panne. eau, gaz @ici fibre', 'fr')).toEqual(['panne', 'eau', 'gaz', 'fibre']);
  expect(keys('centre de la donnée', 'fr')).toContain('centre donnee');
  expect(keys('centre qui est dans la donnée', 'fr')).not.toContain('centre donnee');
});

test('stop words are those of the language, and of all when it is unknown', () => {
  expect(keys('but', 'fr')).toEqual(['but']);
  expect(keys('but', 'en')).toEqual([]);
  expect(keys('but')).toEqual([]);
  expect(keys('but', 'de')).toEqual([]);
});

test('a term knows where it is first written', () => {
  const text = 'La panne, un Centre  de\u200f Données et une PANNE';
  const written = new Map(
    termsOf(text, { language: 'fr' }).map(({ key, start, end }) => [key, text.slice(start, end)]),
  );
  expect(written.get('panne')).toBe('panne');
  expect(written.get('donnees')).toBe('Données');
  expect(written.get('centre donnees')).toBe('Centre  de\u200f Données');
  const tag = termsOf('vive #DataCenter');
  expect(tag.find(({ key }) => key === 'center')).toEqual({ key: 'center', start: 10, end: 16 });
});

test('entities are terms, whatever they are called', () => {
  const entities = [{ entity: 'city:casablanca', start: 0, end: 4 }];
  expect(termsOf('kaza', { entities })).toEqual([
    { key: 'city:casablanca', start: 0, end: 4 },
    { key: 'kaza', start: 0, end: 4 },
  ]);
});

test('any text has terms that lie in it, each once', () => {
  const pieces = ['#', '@', 'é', 'ااا', 'https://', '\u200d', '\ud83d', '😀', '12h', "l'", 'Ab', ' ', '.', 'ﷺ', '_'];
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const terms = termsOf(text);
      const wrong = terms.filter(
        ({ key, start, end }) => key.length < 2 || start < 0 || end <= start || end > text.length,
      );
      return wrong.length === 0 && new Set(terms.map(({ key }) => key)).size === terms.length;
    }),
    { numRuns: 200 },
  );
}, 60_000);

test('of a long text the beginning is read', () => {
  const terms = keys(
    Array.from({ length: 20_000 }, (_, i) => `mot${String.fromCharCode(97 + (i % 26))}${i}`).join(' '),
  );
  expect(terms.length).toBeLessThanOrEqual(800);
  expect(terms).toContain('mota0');
});

test.each(['fr', 'ar', 'ary', 'ary-Latn', 'en', 'es'])(
  'the stop words of %s are written as texts are folded',
  (pack) => {
    const words = readTable<'word'>(`${pack}/stop-words.tsv`).map(({ word }) => word);
    expect(words.length).toBeGreaterThan(150);
    expect(words).toEqual([...new Set(words.map((word) => foldText(word).text.toLowerCase()))].sort());
    for (const word of words) expect(foldWords(word)).toHaveLength(1);
  },
);

test('the version is one byte and stays the same', () => {
  expect(termsVersion()).toBe(termsVersion());
  expect(termsVersion() & 0xff).toBe(termsVersion());
});
