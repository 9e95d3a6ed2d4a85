/** Tokens and sentences of each language, as the reader gives them. */
import { expect, test } from 'vitest';
import { createReader } from '../../shared/nlp/reader.ts';
import { PLAIN_SPLITTER, TOKEN_PATTERNS } from '../../shared/nlp/wink/tokens.ts';

const reader = createReader();
/** Words as they are; everything else with its kind: "12,5 %/currency". Tokens are parted by two spaces. */
const tokens = (text: string): string =>
  reader
    .read(text)
    .words.map(({ text: written, kind }) => (kind === 'word' ? written : `${written}/${kind}`))
    .join('  ');

test.each([
  ['French elisions', 'l’avenir n’est qu’on', "l'/apos  avenir  n'/apos  est  qu'/apos  on"],
  ['elisions in capitals', 'L’ONCF J’adore D’abord', "L'/apos  ONCF  J'/apos  adore  D'/apos  abord"],
  ['long elisions', 'jusqu’à lorsqu’il', "jusqu'/apos  à  lorsqu'/apos  il"],
  ['words with an apostrophe of their own', 'aujourd’hui presqu’île', "aujourd'hui  presqu'île"],
  ['words with hyphens', 'rendez-vous ras-le-bol peut-être', 'rendez-vous  ras-le-bol  peut-être'],
  ['ligatures', 'l’œuvre cœur', "l'/apos  œuvre  cœur"],
  ['English contractions', 'it’s don’t we’ll', "it's  don't  we'll"],
  ['Darija in Latin letters', '3likom 7chouma ma3jbnich wa7ed 9bel', '3likom  7chouma  ma3jbnich  wa7ed  9bel'],
  ['Darija in Arabic letters', 'ماعجبنيش هادشي بزاف', 'ماعجبنيش  هادشي  بزاف'],
  [
    'Arabic with marks glued on',
    'جزيلا،والله منه؟ نعم؛',
    'جزيلا  ،/punctuation  والله  منه  ؟/punctuation  نعم  ؛/punctuation',
  ],
  ['French quotation marks', '« oui »', '«/punctuation  oui  »/punctuation'],
  [
    'Spanish opening marks',
    '¿Qué tal? ¡Hola!',
    '¿/punctuation  Qué  tal  ?/punctuation  ¡/punctuation  Hola  !/punctuation',
  ],
  ['a run of marks', 'Non?!!… oui...', 'Non  ?!!/punctuation  …/punctuation  oui  .../punctuation'],
  ['words parted by dots only', 'ok...bien', 'ok  .../punctuation  bien'],
])('%s', (_what, text, expected) => {
  expect(tokens(text)).toBe(expected);
});

test.each([
  ['#المغرب', 'hashtag'],
  ['#التحول_الرقمي', 'hashtag'],
  ['#HubNumérique', 'hashtag'],
  ['#hub_numérique2025', 'hashtag'],
  ['@sada.ma', 'mention'],
  ['@x', 'mention'],
  ['jean.dupont+a@ex.co.ma', 'email'],
  ['https://ex.com/a_b?x=1', 'url'],
  ['http://a.b', 'url'],
  ['www.hub.ma', 'url'],
  ['👨‍👩‍👧', 'emoji'],
  ['👍🏽', 'emoji'],
  ['🇲🇦', 'emoji'],
  ['❤️', 'emoji'],
  ['1️⃣', 'emoji'],
  ['🏴‍☠️', 'emoji'],
  ['14h00', 'time'],
  ['8h', 'time'],
  ['12:30', 'time'],
  ['3ème', 'ordinal'],
  ['1er', 'ordinal'],
  ['4th', 'ordinal'],
  ['12,5 %', 'currency'],
  ['1 250 MAD', 'currency'],
  ['20€', 'currency'],
  ['30 dhs', 'currency'],
  ['٢٥ درهم', 'currency'],
  ['1 250 000,50', 'number'],
  ['12/09/2025', 'number'],
  ['3.5', 'number'],
  [':)', 'emoticon'],
  [':-(', 'emoticon'],
  ['<3', 'emoticon'],
  ['^_^', 'emoticon'],
  ['XD', 'emoticon'],
  [":'(", 'emoticon'],
  ['U.S.A.', 'shortForm'],
  ['M.', 'shortForm'],
  ['etc.', 'shortForm'],
  ['data-center', 'word'],
  ['5G', 'word'],
  ['الدار_البيضاء', 'word'],
])('%s is one token, a %s, between words and alone', (text, kind) => {
  expect(tokens(text)).toBe(kind === 'word' ? text : `${text}/${kind}`);
  expect(tokens(`bien ${text} مزيان`)).toBe(`bien  ${kind === 'word' ? text : `${text}/${kind}`}  مزيان`);
});

test.each([
  ['an address in brackets', '(https://x.ma/é).', '(/punctuation  https://x.ma/é/url  )/punctuation  ./punctuation'],
  [
    'an address before a comma',
    'www.hub.ma, http://a.b!',
    'www.hub.ma/url  ,/punctuation  http://a.b/url  !/punctuation',
  ],
  ['an address before an Arabic comma', 'https://a.ma، نعم', 'https://a.ma/url  ،/punctuation  نعم'],
  ['an e-mail address at the end of a sentence', 'à a@b.ma.', 'à  a@b.ma/email  ./punctuation'],
  ['a mention before a comma', '@sada, oui', '@sada/mention  ,/punctuation  oui'],
  ['hashtags without a space', '#a#b', '#a/hashtag  #b/hashtag'],
  ['flags without a space', '🇲🇦🇫🇷👍🏽', '🇲🇦/emoji  🇫🇷/emoji  👍🏽/emoji'],
  ['emoji glued to a word', 'top😍merci', 'top  😍/emoji  merci'],
  ['a telephone number', '06 12 34', '06/number  12/number  34/number'],
  ['an abbreviation before a name', 'M. Dupont, Dr. X', 'M./shortForm  Dupont  ,/punctuation  Dr./shortForm  X'],
])('marks around a token are cut off: %s', (_what, text, expected) => {
  expect(tokens(text)).toBe(expected);
});

test('an Arabic mention is one token, folded', () => {
  expect(tokens('@أحمد_المغربي')).toBe('@احمد_المغربي/mention');
});

test.each([
  ['12,5 %', '<share>'],
  ['1 250 MAD', '<money>'],
  ['3.5', '<num>'],
  ['14h00', '<time>'],
  ['3ème', '<ordinal>'],
  ['https://a.ma', '<url>'],
  ['@x', '<user>'],
  ['#HubNumérique', 'hubnumerique'],
  ['👍🏽', '👍'],
  ['❤️', '❤'],
  ['Électricité', 'electricite'],
  ['cœur', 'coeur'],
  ['!!!!', '!!'],
  ['?!?', '?!'],
  ['.....', '…'],
])('%s is known as %s', (text, form) => {
  expect(reader.read(text).words.map((word) => word.form)).toEqual([form]);
});

const sentences = (text: string): string[] => {
  const { sentences: found, starts, ends } = reader.read(text);
  return found.map(([from, to]) => text.slice(starts[from], ends[to - 1]));
};

test.each([
  ['Bien. Oui! Non? Peut-être… Fin', ['Bien.', 'Oui!', 'Non?', 'Peut-être…', 'Fin']],
  ['كيف الحال؟ بخير. شكرا! نعم', ['كيف الحال؟', 'بخير.', 'شكرا!', 'نعم']],
  ['une ligne\nune autre\n\nla fin', ['une ligne\n', 'une autre\n\n', 'la fin']],
  ['The U.S.A. market is big. Yes', ['The U.S.A. market is big.', 'Yes']],
  ['M. Dupont est là. Bien', ['M. Dupont est là.', 'Bien']],
  ['Il coûte 3.5 MAD. Bien', ['Il coûte 3.5 MAD.', 'Bien']],
  ['Voir https://a.ma/x.y. Bien', ['Voir https://a.ma/x.y.', 'Bien']],
  ['Super!!! 😍 Next one', ['Super!!! 😍', 'Next one']],
  ['Bien (vraiment.) Oui', ['Bien (vraiment.)', 'Oui']],
  ['« Bien. » Oui', ['« Bien. »', 'Oui']],
  ['Bien 😍 oui :) encore', ['Bien 😍 oui :) encore']],
  ['Non, oui; mais: non', ['Non, oui; mais: non']],
  ['Fin.', ['Fin.']],
  ['A.\nB', ['A.\n', 'B']],
])('the sentences of "%s"', (text, expected) => {
  expect(sentences(text)).toEqual(expected);
});

test('a text without tokens is one empty sentence', () => {
  expect(reader.read('').sentences).toEqual([[0, 0]]);
  expect(reader.read(' \u00a0 ').sentences).toEqual([[0, 0]]);
});

test.each([
  ['¿Qué? ¡Sí!', ['¿Qué?', '¡Sí!']],
  ['Hola, ¡qué bonito!', ['Hola, ¡qué bonito!']],
])('marks that open a Spanish sentence do not end one: "%s"', (text, expected) => {
  expect(sentences(text)).toEqual(expected);
});

test('what cuts common words fast cuts any text as the plain expression does', () => {
  const fast = new RegExp(...TOKEN_PATTERNS.helpers.splitter);
  const slow = new RegExp(...PLAIN_SPLITTER);
  const bits = [...'aexXDdlLéÀμm930.,،:/@+-_\'"()«»!?؟¡ \n#*^<=;%رالمگۓـ٣😀ℹ🇲…\u0301\u0651\u200d\u20e3\ufe0f\ud83d'];
  bits.push('http', 'www', 'etc', 'Mr', "qu'", '://', 'MAD', 'xD');
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let n = 0; n < 20_000; n += 1) {
    const text = Array.from({ length: 1 + random(9) }, () => bits[random(bits.length)]).join('');
    expect(text.split(fast)).toEqual(text.split(slow));
  }
});
