/** Topics and entities: found in every language and spelling, and not where a word only looks alike. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TOPIC_CODES } from '../../shared/contracts/words.ts';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { foldWords } from '../../shared/nlp/fold.ts';
import { PACK_ENTITIES, PACK_TERMS } from '../../shared/nlp/phrases.ts';
import { createReader } from '../../shared/nlp/reader.ts';
import { createTopicFinder, type TopicFinder } from '../../shared/nlp/topics.ts';

const readerOf = (made: TopicFinder) => createReader({ matching: made.matching });
const finder = createTopicFinder([]);
const reader = readerOf(finder);
const find = (text: string) => finder.find(reader.read(text));
const topicsOf = (text: string): string[] => [...new Set(find(text).topics.map(({ topic }) => topic))].sort();
const entitiesOf = (text: string): [string, string][] =>
  find(text).entities.map(({ entity, start, end }) => [entity, text.slice(start, end)]);

test.each([
  ['Un nouveau centre de données à Nouaceur', ['data_centres']],
  ['Des CENTRES DE DONNEES partout', ['data_centres']],
  ['Data-centers, encore', ['data_centres']],
  ['#data_center', ['data_centres']],
  ['#DataCenters', ['data_centres']],
  ['مراكز البيانات في المغرب', ['data_centres']],
  ['وبمراكز البيانات', ['data_centres']],
  ['مَرْكَـــزُ البَيَانات،', ['data_centres']],
  ['#مراكز_البيانات', ['data_centres']],
  ['La pénurie d’eau inquiète', ['water']],
  ["penurie d'eau", ['water']],
  ['lma m9to3 hadi simana', ['water']],
  ['escasez de agua', ['water']],
  ['ندرة المياه؟', ['water']],
  ['للاستثمارات الأجنبية', ['investment']],
  ["L'IA change tout", ['ai']],
  ['Ai models are here', ['ai']],
  ['triciti ghalya bzaf', ['energy', 'prices']],
  ['souveraineté énergétique et cloud souverain', ['data_centres', 'energy', 'sovereignty']],
  ['hausse des prix du carburant', ['prices']],
] as const)('%s', (text, topics) => {
  expect(topicsOf(text)).toEqual(topics);
});

test.each([
  ['une eau de parfum et une eau de toilette'],
  ['beaucoup d’énergie positive'],
  ["j'ai faim"],
  ["J'AI TRES FAIM AUJOURD'HUI"],
  ['il a reçu le prix Nobel au Grand Prix'],
  ["le montant s'élève à mille dirhams"],
  ['un match de barrage ce soir'],
  ['https://example.com/data-center/water-scarcity'],
  ['safi baraka, daba nmchi'],
  [''],
  ['constructor toString __proto__'],
])('no topic in: %s', (text) => {
  expect(topicsOf(text)).toEqual([]);
});

test.each([
  ['La fibre est encore en panne chez nous', ['connectivity']],
  ['nos puits sont à sec', ['water']],
  ['belle vitrine, mais nos puits sont à sec', ['water']],
  ['la factura de la luz sube otra vez', ['energy', 'prices']],
  ['lfatoura dyal lma o dow ghlat bzaf', ['energy', 'prices', 'water']],
  ['no hay trabajo para los jóvenes', ['jobs']],
  ['الريزو عيان بزاف', ['connectivity']],
  ['plus une goutte au robinet depuis mardi', ['water']],
  ['وبالما والضو مقطوعين', ['energy', 'water']],
  ['للماء ثمن', ['prices', 'water']],
  ['baladiya msdouda w sbitar 3amer', ['public_services']],
  ['9lebt 3la 5edma, walo', ['jobs']],
  ['coupure de lumière tout le quartier', ['energy']],
  ['the well is dry, no water since Friday', ['water']],
  ['llevo dos años en paro', ['jobs']],
  ['mi sueldo no da para el alquiler', ['jobs', 'prices']],
  ['trois heures au guichet pour une carte grise', ['public_services']],
  ['rent and electricity bills eat my whole salary', ['energy', 'jobs', 'prices']],
  ['l9it khdma f centre d’appel', ['jobs']],
  ['on m’a volé mon mot de passe, une arnaque', ['cybersecurity']],
  ['الأنترنيت طاحت عاوتاني', ['connectivity']],
  ['la fac ferme, les profs partent', ['education']],
  ['nos données dorment sur des serveurs étrangers', ['data_centres', 'sovereignty']],
  ['créer ma boîte à Oujda', ['startups']],
  ['le colis bloqué par les douaniers', ['trade']],
] as const)('everyday words: %s', (text, topics) => {
  expect(topicsOf(text)).toEqual(topics);
});

test.each([
  ['ما عندي ما نقول، ما كاين والو'],
  ['ma kayn walo, dar kbira'],
  ['au cours du match, la ligne droite du poste'],
  ['mon cher ami, tu es le meilleur'],
  ['une carte postale, au courant de rien'],
  ['para mí es un placer, dio a luz ayer'],
  ['good job, nice work everyone'],
  ['Madonna fell off the stage'],
  ['خبر كبير: هدف من نص الملعب'],
  ['n’importe quoi, vraiment'],
  ['un gol por la escuadra, mamma mia'],
  ['the Dow fell today'],
  ['Ghali chante ce soir'],
  ['rendez-vous 18h au stade, le prix du jury'],
  ['no paro de reír'],
  ['these are the days'],
  ['كاس العالم فالمغرب، مونديال زوين'],
  ['algo me dice que vamos a salir'],
  ['Coca-Cola con hielo'],
  ['les réseaux sociaux en parlent'],
] as const)('everyday words that mean something else: %s', (text) => {
  expect(topicsOf(text)).toEqual([]);
});

test('one entity for all its spellings', () => {
  for (const spelling of [
    'Casablanca',
    'casablanca',
    'الدار البيضاء',
    'الدّار البَيضاء',
    'kaza',
    'dar lbida',
    '#Casablanca',
  ]) {
    expect(entitiesOf(`x ${spelling} y`).map(([entity]) => entity)).toEqual(['city:casablanca']);
  }
  expect(entitiesOf('Chez Orange, @inwi et N+ONE')).toEqual([
    ['company:orange', 'Orange'],
    ['company:inwi', '@inwi'],
    ['company:n_plus_one', 'N+ONE'],
  ]);
  expect(entitiesOf('du jus d’orange, une casa blanca')).toEqual([]);
});

test('what stands inside a longer phrase is found too, at its own place', () => {
  const text = 'Région : الدار البيضاء سطات';
  expect(entitiesOf(text)).toEqual([
    ['region:casablanca_settat', 'الدار البيضاء سطات'],
    ['city:casablanca', 'الدار البيضاء'],
    ['city:settat', 'سطات'],
  ]);
});

test("users' terms count beside the packs, also where they share a phrase or stand inside one", () => {
  const own = createTopicFinder([
    { topic: 'mine', language: 'fr', term: 'données' },
    { topic: 'mine_too', language: 'en', term: 'data center' },
    { topic: 'odd', language: 'en', term: 'constructor' },
    { topic: 'empty', language: 'en', term: ' !? ' },
  ]);
  const ownReader = readerOf(own);
  const topics = (text: string) =>
    own
      .find(ownReader.read(text))
      .topics.map(({ topic }) => topic)
      .sort();
  expect(topics('un centre de données')).toEqual(['data_centres', 'mine']);
  expect(topics('a data center')).toEqual(['data_centres', 'mine_too']);
  expect(topics('the Constructor !?')).toEqual(['odd']);
});

test('the offsets of folded words point into the original', () => {
  const text = "L'Œuvre d’été: الـcloud #HubNumérique 👍🏽 ﻃﻔﻼً 5G";
  const words = foldWords(text);
  expect(words.map((word) => word.text)).toEqual([
    'l',
    'oeuvre',
    'd',
    'ete',
    'ال',
    'cloud',
    'hub',
    'numerique',
    'طفلا',
    '5g',
  ]);
  expect(words.map(({ start, end }) => text.slice(start, end))).toEqual([
    'L',
    'Œuvre',
    'd',
    'été',
    'الـ',
    'cloud',
    'Hub',
    'Numérique',
    'ﻃﻔﻼً',
    '5G',
  ]);
});

test('every topic of the contract is in the packs, named, with at least 30 terms that the finder finds', () => {
  const topics: { id: number; code: string; names: Record<string, string> }[] = JSON.parse(
    readFileSync(new URL('../../shared/nlp/packs/topics.json', import.meta.url), 'utf8'),
  );
  expect(topics.map(({ code }) => code)).toEqual([...TOPIC_CODES]);
  expect(topics.map(({ id }) => id)).toEqual(TOPIC_CODES.map((_, i) => i + 1));
  for (const { names } of topics) expect(Object.keys(names)).toEqual(['fr', 'ar', 'en']);
  for (const code of TOPIC_CODES) {
    const terms = PACK_TERMS.filter(({ topic }) => topic === code);
    expect(terms.length).toBeGreaterThanOrEqual(30);
    expect([...new Set(terms.map(({ language }) => language))].sort()).toEqual([
      'ar',
      'ary',
      'ary-Latn',
      'en',
      'es',
      'fr',
    ]);
  }
  expect(PACK_TERMS.filter(({ topic, term }) => !topicsOf(`xx ${term.replace(/^=/, '')} xx`).includes(topic))).toEqual(
    [],
  );
});

test('every spelling of an entity finds it, and an entity has one kind', () => {
  const missed = PACK_ENTITIES.filter(
    ({ entity, term }) => !entitiesOf(`xx ${term.replace(/^=/, '')} xx`).some(([found]) => found === entity),
  );
  expect(missed).toEqual([]);
  const kinds = new Map(PACK_ENTITIES.map(({ entity, kind }) => [entity, kind]));
  for (const { entity, kind } of PACK_ENTITIES) expect(kinds.get(entity)).toBe(kind);
});

test('a topic is labelled by the sentences that speak of it', () => {
  const text = 'The new data center is great. But electricity prices are terrible! The water supply was on Tuesday.';
  const [analysis] = createAnalyser().analyse([{ text }]);
  expect(analysis?.topics.map(({ topic, label }) => [topic, label])).toEqual([
    ['data_centres', 'positive'],
    ['energy', 'negative'],
    ['prices', 'negative'],
    ['water', 'neutral'],
  ]);
});
