/** Which column holds what: by name, in four languages, or as told. */
import { expect, test } from 'vitest';
import { mapColumns, repeatedColumns, requireText, requireUnambiguous } from '../../workers/imports/mapping.ts';

const map = (columns: string[], told: Record<string, string> = {}) => mapColumns('posts.csv', columns, told);

test.each([
  [
    'a training set',
    ['id', 'lang', 'label', 'text'],
    { external_id: 'id', language_hint: 'lang', vendor_sentiment: 'label', text: 'text' },
  ],
  [
    'French',
    ['Identifiant', 'Date de création', 'Auteur', 'Texte', 'Tonalité', 'Lien'],
    {
      external_id: 'Identifiant',
      published_at: 'Date de création',
      author: 'Auteur',
      text: 'Texte',
      vendor_sentiment: 'Tonalité',
      url: 'Lien',
    },
  ],
  [
    'Spanish',
    ['Fecha de publicación', 'Título', 'Contenido'],
    { published_at: 'Fecha de publicación', title: 'Título', text: 'Contenido' },
  ],
  [
    'Arabic',
    ['التاريخ', 'النص', 'الكاتب', 'اللغة'],
    { published_at: 'التاريخ', text: 'النص', author: 'الكاتب', language_hint: 'اللغة' },
  ],
  [
    'Meltwater',
    ['Date', 'Headline', 'URL', 'Hit Sentence', 'Reach', 'Sentiment', 'Tweet Id'],
    {
      published_at: 'Date',
      title: 'Headline',
      url: 'URL',
      text: 'Hit Sentence',
      reach: 'Reach',
      vendor_sentiment: 'Sentiment',
      external_id: 'Tweet Id',
    },
  ],
  ['Reddit', ['id', 'created_utc', 'body', 'score'], { external_id: 'id', published_at: 'created_utc', text: 'body' }],
  [
    'our own',
    ['site', 'external_id', 'kind', 'text', 'published_at'],
    { site: 'site', external_id: 'external_id', kind: 'kind', text: 'text', published_at: 'published_at' },
  ],
])('columns of %s are known', (_name, columns, expected) => {
  expect(map(columns)).toEqual(expected);
});

test('likes and whatever else is unknown are left alone', () => {
  expect(map(['text', 'likes', 'retweets', ''])).toEqual({ text: 'text' });
});

test('what is told comes before what is guessed, and a column serves one field', () => {
  expect(map(['text', 'Body'], { text: 'Body' })).toEqual({ text: 'Body' });
  expect(map(['text', 'id'], { title: 'text' })).toEqual({ title: 'text', external_id: 'id' });
  expect(map(['TEXTE  intégral'], { text: 'texte integral' })).toEqual({ text: 'TEXTE  intégral' });
});

test('a column that does not exist is named, with those that do', () => {
  expect(() => map(['id', 'Body'], { text: 'Corps' })).toThrow(/text=Corps.*"Corps".*id, Body/);
});

test('a field that does not exist is named, with those that do', () => {
  expect(() => map(['id'], { mood: 'id' })).toThrow(/"mood".*external_id/);
});

test('without a text column the columns are listed and --map is proposed', () => {
  const columns = ['id', 'mystery'];
  expect(() => requireText('posts.csv', columns, map(columns))).toThrow(/id, mystery.*--map text=/);
});

test.each([
  ['text,text,id', 'the column "text" appears twice (columns 1 and 2)'],
  ['id,text,text,a,text', 'the column "text" appears 3 times (columns 2, 3 and 5)'],
  ['text,id,id', 'the column "id" appears twice (columns 2 and 3)'],
])('%s: a field whose column is there more than once is refused', (header, says) => {
  const columns = header.split(',');
  expect(() => requireUnambiguous('posts.csv', columns, map(columns))).toThrow(says);
});

test('a column that is there more than once is told of, and in the way of nothing, when no field needs it', () => {
  const columns = ['likes', 'text', 'likes', '', '', 'note', 'note', 'note'];
  requireUnambiguous('posts.csv', columns, map(columns));
  expect(repeatedColumns(columns)).toEqual([
    { column: 'likes', detail: 'the column "likes" appears twice (columns 1 and 3)' },
    { column: 'note', detail: 'the column "note" appears 3 times (columns 6, 7 and 8)' },
  ]);
});

test('a column that is there very often is told of in one short line', () => {
  const [repeated] = repeatedColumns(Array.from({ length: 20_000 }, () => 'x'));
  expect(repeated?.detail).toBe('the column "x" appears 20000 times (columns 1, 2, 3, 4, 5, …)');
});
