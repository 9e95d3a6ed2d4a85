/** Terms are tried as the analyser will use them, and what makes two terms the same. */
import { expect, test } from 'vitest';
import { TermLanguage } from '../../shared/contracts/words.ts';
import { createAnalyser, createEngine } from '../../shared/nlp/analyse.ts';
import { LANGUAGES } from '../../shared/nlp/groups.ts';
import { termPhrases } from '../../shared/nlp/phrases.ts';
import { createTermMatcher } from '../../shared/nlp/tryTerms.ts';

const TEXTS = [
  'Un centre de données personnelles à Casablanca',
  'Les données personnelles du centre',
  'وبالترامواي الجديد',
  '#TramwayCasa est en grève, le tramway aussi',
  'TRAMWAY',
  'rien du tout',
];
const TRIED = ['données personnelles', 'tramway', 'الترامواي', '=Tramway', 'centre de données'];

test('a term that is tried matches where it does once it is added', { timeout: 120_000 }, () => {
  const engine = createEngine();
  for (const term of TRIED) {
    const added = createAnalyser({ engine, userTerms: [{ topic: 'mine', language: 'fr', term }] });
    const tried = createTermMatcher([term], []);
    for (const text of TEXTS) {
      const isFound = added.analyse([{ text }])[0]?.topics.some(({ topic }) => topic === 'mine');
      expect([term, text, tried(text).length > 0]).toEqual([term, text, isFound]);
    }
  }
});

test('a match says where it stands in the text and which term it is', () => {
  const match = createTermMatcher(TRIED, []);
  const at = (text: string) => match(text).map(({ start, end, term }) => [text.slice(start, end), TRIED[term]]);
  expect(TEXTS.map(at)).toEqual([
    [['centre de données', 'centre de données']], // the longer term of the packs comes first
    [['données personnelles', 'données personnelles']],
    [['وبالترامواي', 'الترامواي']],
    [
      ['Tramway', 'tramway'],
      ['Tramway', '=Tramway'],
      ['tramway', 'tramway'],
    ],
    [['TRAMWAY', 'tramway']],
    [],
  ]);
});

test('accents, capitals and hyphens make no other term, and what holds no word is none', () => {
  expect(termPhrases('Énergie')).toEqual(termPhrases('energie'));
  expect(termPhrases('البيضاءِ')).toEqual(termPhrases('البيضاء'));
  expect(termPhrases('data-center')).toContain(termPhrases('data center')[0]);
  expect(termPhrases('=IA')).not.toEqual(termPhrases('ia'));
  for (const nothing of ['', ' ', '!?', '😀', '=', 'https://example.ma/data', '…—']) {
    expect([nothing, termPhrases(nothing)]).toEqual([nothing, []]);
  }
});

test('the languages of terms are those that are told apart', () => {
  expect(TermLanguage.options.toSorted()).toEqual([...LANGUAGES].toSorted());
});
