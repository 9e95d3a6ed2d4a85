/** Two topics in one sentence get the sentiment of what is said of each. */
import { describe, expect, test } from 'vitest';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { clausesOf } from '../../shared/nlp/clauses.ts';
import { annotate, emptyMarks } from '../../shared/nlp/lexicon/annotate.ts';
import { loadLexicon } from '../../shared/nlp/lexicon/lexicon.ts';
import { createReader } from '../../shared/nlp/reader.ts';

const analyser = createAnalyser();
const analyse = (text: string) => analyser.analyse([{ text }])[0];
const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries((analyse(text)?.topics ?? []).map(({ topic, label }) => [topic, label]));

test.each<[language: string, text: string, positive: string, negative: string]>([
  ['fr', 'Le data center est magnifique, mais la facture d’eau est une honte', 'data_centres', 'water'],
  [
    'fr',
    'Le centre de données est une belle réussite, mais le prix de l’électricité est scandaleux',
    'data_centres',
    'energy',
  ],
  ['fr', 'La facture d’eau est une honte, mais le data center est magnifique', 'data_centres', 'water'],
  ['ar', 'مركز البيانات الجديد إنجاز رائع ومشرف، لكن فاتورة الكهرباء فضيحة مخزية', 'data_centres', 'energy'],
  ['ar', 'فاتورة الكهرباء فضيحة مخزية، لكن مركز البيانات الجديد إنجاز رائع ومشرف', 'data_centres', 'energy'],
  ['ary', 'الفيبر ديال أورانج واعر وزوين بزاف، ولكن ثمن الضو خايب وحشومة', 'connectivity', 'energy'],
  ['ary', 'ثمن الضو خايب وحشومة، ولكن الفيبر واعر وزوين بزاف', 'connectivity', 'energy'],
  ['ary-Latn', 'lfibre zwina bzaf w sari3a, walakin daw ghali bzaf w 7chouma', 'connectivity', 'prices'],
  [
    'en',
    'The new data center is a wonderful success, but the electricity price is outrageous',
    'data_centres',
    'energy',
  ],
  [
    'en',
    'The 5G network is excellent and fast, but the water shortage is a terrible disaster',
    'connectivity',
    'water',
  ],
  ['es', 'El 5G es excelente y rápido, pero la escasez de agua es un desastre terrible', 'connectivity', 'water'],
  [
    'es',
    'El nuevo centro de datos es una maravilla, pero la escasez de agua es una vergüenza',
    'data_centres',
    'water',
  ],
])('%s "%s": %s positive, %s negative', (language, text, positive, negative) => {
  expect(analyse(text)?.language).toBe(language);
  expect(labelsOf(text)).toMatchObject({ [positive]: 'positive', [negative]: 'negative' });
});

test('two sentences speak of their own topics', () => {
  const text = 'Le data center est magnifique, bravo ! La pénurie d’eau est une honte, quelle catastrophe.';
  expect(labelsOf(text)).toMatchObject({ data_centres: 'positive', water: 'negative' });
});

test('two languages in one post speak of their own topics', () => {
  const text = 'Le data center est magnifique, quelle belle réussite !\nنقص الماء كارثة حقيقية وفضيحة مخزية في بلادنا.';
  expect(labelsOf(text)).toMatchObject({ data_centres: 'positive' });
  expect(labelsOf(text).water ?? 'negative').toBe('negative');
});

test('a topic named in passing does not water down what is said of it', () => {
  const text = 'Le data center. La facture est arrivée. Le data center est une honte, un scandale !';
  expect(labelsOf(text).data_centres).toBe('negative');
});

test('a score belongs to each label, and none to what is not scored', () => {
  for (const text of [
    'Le data center est magnifique, mais la facture d’eau est une honte',
    'data center 50 MW qzx vbnq wxcq',
    'データセンター data center',
  ]) {
    for (const { label, score } of analyse(text)?.topics ?? []) expect(score === null).toBe(label === 'not_scored');
  }
});

test('the topics of a text in a language that is not scored are named and not scored', () => {
  const topics = analyse('Это отличная новость для нас всех: новый data center откроется здесь')?.topics;
  expect(topics).toEqual([{ topic: 'data_centres', label: 'not_scored', score: null }]);
});

describe('clauses', () => {
  const reader = createReader();
  const lexicon = loadLexicon('fr');
  const clauses = (text: string): string[] => {
    const reading = reader.read(text);
    const marks = emptyMarks(reading.words.length);
    for (const [from, to] of reading.sentences) annotate(reading.words, from, to, lexicon, marks);
    return clausesOf(reading, marks).map(({ from, to }) =>
      text.slice(reading.starts[from], reading.ends[to - 1]).trim(),
    );
  };

  test.each([
    ['un accueil chaleureux', ['un accueil chaleureux']],
    ['la ville est belle mais la mer est sale', ['la ville est belle', 'mais la mer est sale']],
    ['la ville est belle, la mer est sale', ['la ville est belle,', 'la mer est sale']],
    ['la ville, la mer, le port', ['la ville, la mer, le port']],
    ['La ville est belle. La mer est sale.', ['La ville est belle.', 'La mer est sale.']],
    ['mais la mer est sale', ['mais la mer est sale']],
    ['', []],
  ])('of "%s"', (text, expected) => {
    expect(clauses(text)).toEqual(expected);
  });

  test('hold every token, in order', () => {
    const text = 'la ville est belle, la mer est sale mais, hélas, tout (ou presque) est loin: voilà.\n\nEt pourtant !';
    const reading = reader.read(text);
    const marks = emptyMarks(reading.words.length);
    for (const [from, to] of reading.sentences) annotate(reading.words, from, to, lexicon, marks);
    const tokens = clausesOf(reading, marks).flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => from + i),
    );
    expect(tokens).toEqual(reading.words.map((_, i) => i));
  });
});
