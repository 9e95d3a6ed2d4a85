/** Which language a post is in. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { detectLanguage } from '../../shared/nlp/language.ts';

test.each([
  ['fr', "Le nouveau centre de données de Casablanca n'est pas encore ouvert"],
  ['fr', 'Merci beaucoup, bravo !'],
  ['en', 'The new data center is not open yet'],
  ['en', 'Great job, thanks'],
  ['es', 'El nuevo centro de datos todavía no está abierto'],
  ['ary-Latn', 'wach kayn chi khdma f had lblad, 3yina mn had lhala'],
  ['ary-Latn', 'hadchi bzaf, machi ma39oul'],
  ['ar', 'أعلنت الحكومة عن مشروع جديد في مدينة الداخلة'],
  ['ary', 'واش هادشي معقول؟ الثمن غالي بزاف ديال بصح'],
  ['zgh', 'ⴰⵣⵓⵍ ⴼⵍⵍⴰⵡⵏ'],
  ['ru', 'Марокко строит новый центр обработки данных'],
  ['el', 'Το Μαρόκο χτίζει νέο κέντρο δεδομένων'],
  ['he', 'מרוקו בונה מרכז נתונים חדש'],
  ['ja', 'モロッコは新しいデータセンターを建設しています'],
  ['zh', '摩洛哥正在建设新的数据中心'],
  ['ko', '모로코는 새로운 데이터 센터를 짓고 있습니다'],
  ['pt', 'Marrocos não tem ainda um centro de dados, mas isso é muito bom para ele'],
  ['de', 'Marokko baut ein neues Rechenzentrum und das ist sehr gut für die Wirtschaft'],
  ['und', '👍👍 2030 !!!'],
  ['und', ''],
  ['und', 'https://example.com/the-best-of-the-world @the_user'],
])('%s: %s', (language, text) => {
  expect(detectLanguage(text)).toBe(language);
});

test('two languages that share a text are mixed', () => {
  expect(detectLanguage('Je ne suis pas dans la ville, but you are the one who should have been there')).toBe('mixed');
  expect(detectLanguage('المشروع جديد في المدينة والله est vraiment très bien pour nous')).toBe('mixed');
});

test('links and mentions do not count', () => {
  expect(detectLanguage('@the_one_and_only https://the.best/of/the/world le projet est très bien')).toBe('fr');
});

test('what the source says decides only what the words leave open', () => {
  expect(detectLanguage('Casablanca Nouaceur', 'fr')).toBe('fr');
  expect(detectLanguage('Casablanca Nouaceur', 'en-GB')).toBe('en');
  expect(detectLanguage('The new data center is not open yet', 'fr')).toBe('en');
  expect(detectLanguage('أعلنت الحكومة عن مشروع جديد', 'en')).toBe('ar');
  expect(detectLanguage('Casablanca Nouaceur', 'constructor')).toBe('und');
});

const SETS = { fr: 'umsab-fr-dev', en: 'umsab-en-dev', es: 'umsab-es-dev', ar: 'umsab-ar-dev' } as const;
describe('on labelled posts, where the data are at hand (skipped when not)', () => {
  test.each(Object.entries(SETS))('at least 93 of 100 posts are known as %s', (language, name) => {
    const file = new URL(`../../../shared/data/sentiment/${name}.tsv`, import.meta.url);
    if (!existsSync(file)) {
      console.warn(`skipped: no ../shared/data/sentiment/${name}.tsv`);
      return;
    }
    const texts = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split('\t')[3] ?? '');
    const right = texts.filter((text) => detectLanguage(text) === language).length;
    expect(right / texts.length).toBeGreaterThanOrEqual(0.93);
  });
});
