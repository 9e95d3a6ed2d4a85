/** Which language a post is in. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type DetectedLanguage, detectLanguage } from '../../shared/nlp/language/detect.ts';
import { readWeights } from '../../shared/nlp/linear/weights.ts';
import { readPackBytes } from '../../shared/nlp/packs/read.ts';
import { createReader } from '../../shared/nlp/reader.ts';

const reader = createReader();
const weights = readWeights(readPackBytes('weights/language.bin'));
const detect = (text: string, hint?: string): DetectedLanguage => detectLanguage(reader.read(text), weights, hint);

test.each([
  ['fr', "Le nouveau centre de données de Casablanca n'est pas encore ouvert"],
  ['fr', 'Merci beaucoup, bravo !'],
  ['fr', 'franchement c pas normal ske vous faites'],
  ['en', 'The new data center is not open yet'],
  ['en', 'Great job, thanks'],
  ['es', 'El nuevo centro de datos todavía no está abierto'],
  ['es', 'que verguenza de servicio, otra vez sin luz'],
  ['ary-Latn', 'wach kayn chi khdma f had lblad, 3yina mn had lhala'],
  ['ary-Latn', 'hadchi bzaf, machi ma39oul'],
  ['ary-Latn', 'la connexion 3ndna mat9adch, tlata d simanat hadi'],
  ['ar', 'أعلنت الحكومة عن مشروع جديد في مدينة الداخلة'],
  ['ar', 'لم يعد المواطن يثق في هذه الوعود التي لا تنتهي'],
  ['ary', 'واش هادشي معقول؟ الثمن غالي بزاف ديال بصح'],
  ['ary', 'الكونيكسيون طايحة هادي سيمانة وحتى واحد ما جاوبنا'],
  ['zgh', 'ⴰⵣⵓⵍ ⴼⵍⵍⴰⵡⵏ'],
  ['ru', 'Марокко строит новый центр обработки данных'],
  ['uk', 'Марокко будує новий центр обробки даних і це її плани'],
  ['el', 'Το Μαρόκο χτίζει νέο κέντρο δεδομένων'],
  ['he', 'מרוקו בונה מרכז נתונים חדש'],
  ['ja', 'モロッコは新しいデータセンターを建設しています'],
  ['zh', '摩洛哥正在建设新的数据中心'],
  ['ko', '모로코는 새로운 데이터 센터를 짓고 있습니다'],
  ['fa', 'این پروژه برای مردم است و دولت آن را آغاز کرد'],
  ['pt', 'Marrocos não tem ainda um centro de dados, mas isso é muito bom para ele'],
  ['de', 'Marokko baut ein neues Rechenzentrum und das ist sehr gut für die Wirtschaft'],
  ['it', 'Il Marocco costruisce un nuovo centro dati e questo è molto importante per gli studenti'],
  ['und', '👍👍 2030 !!!'],
  ['und', ''],
  ['und', 'https://example.com/the-best-of-the-world @the_user'],
])('%s: %s', (language, text) => {
  expect(detect(text).language).toBe(language);
});

test('two languages that share a text are mixed, and both are named, the larger first', () => {
  const english = detect(
    'Je suis fier de ce projet pour mon pays et pour nos jeunes. But you should have asked the people here first',
  );
  expect(english).toMatchObject({ language: 'mixed', parts: ['fr', 'en'], sentences: ['fr', 'en'] });
  expect(detect('المشروع جديد في المدينة والله est vraiment très bien pour nous')).toMatchObject({ language: 'mixed' });
});

test('Darija in both scripts is one language', () => {
  expect(detect('هادشي زوين بزاف والله w lbaraka f chabab dyalna').language).toMatch(/^ary/);
});

test('links, mentions and names do not make a second language', () => {
  expect(detect('@the_one_and_only https://the.best/of/the/world le projet est très bien').language).toBe('fr');
  expect(detect('أعلنت شركة Google عن مشروع جديد في مدينة الداخلة').language).toBe('ar');
});

test('what the source says decides only what the words leave open', () => {
  expect(detect('Casablanca Nouaceur', 'fr').language).toBe('fr');
  expect(detect('The new data center is not open yet', 'fr').language).toBe('en');
  expect(detect('أعلنت الحكومة عن مشروع جديد', 'en').language).toBe('ar');
  expect(['und', 'fr', 'es', 'en', 'ary-Latn']).toContain(detect('Casablanca Nouaceur', 'constructor').language);
});

const SETS = { fr: 'umsab-fr-dev', en: 'umsab-en-dev', es: 'umsab-es-dev', ar: 'umsab-ar-dev' } as const;
describe('on labelled posts, where the data are at hand (skipped when not)', () => {
  test.each(Object.entries(SETS))('at least 97 of 100 posts are known as %s', (language, name) => {
    const file = new URL(`../../../shared/data/sentiment/${name}.tsv`, import.meta.url);
    if (!existsSync(file)) {
      console.warn(`skipped: no ../shared/data/sentiment/${name}.tsv`);
      return;
    }
    const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
    const right = rows.filter((row) => detect(row.split('\t')[3] ?? '').language === language).length;
    expect(right / rows.length).toBeGreaterThanOrEqual(0.97);
  });
});
