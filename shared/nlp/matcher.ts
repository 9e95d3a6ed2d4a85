/**
 * Finds phrases in a row of words, whatever the language: wink's custom entities over a model without a language.
 * Called by topics.ts. Try it: npx vitest run --project unit tests/unit/nlp-guard.test.ts
 *
 * Written against wink-nlp 2.4.0, which package.json pins exactly: the model below honours a contract that wink keeps
 * to itself. Having no vocabulary of its own, it loads in a millisecond and treats all writings alike.
 */
import winkNLP from 'wink-nlp';
import { patternMatching } from './guard.ts';

/** A phrase found by a matcher, in words of the input: first, last (inclusive), name given at build time. */
export type PhraseMatch = readonly [first: number, last: number, name: string];

/**
 * Matches phrases in words separated by single spaces, whatever the language: leftmost and longest, no overlap.
 * Built on wink's custom entities over a model with no vocabulary of its own. Phrases are words separated by single
 * spaces, letters and digits only. Every new word of a text is kept: callers replace what no phrase contains.
 */
export function createPhraseMatcher(
  phrases: readonly { name: string; phrase: string }[],
): (text: string) => PhraseMatch[] {
  const nlp = winkNLP(wordModel(), ['cer']);
  const examples = phrases.map(({ name, phrase }) => ({ name, patterns: [phrase] }));
  nlp.learnCustomEntities(examples, { matchValue: false, usePOS: false, useEntity: false });
  const { its } = nlp;
  return (text) => {
    const found = nlp.readDoc(text).customEntities();
    if (found.length() === 0) return [];
    const spans = found.out(its.span) as unknown as [number, number][];
    const names = found.out(its.type) as unknown as string[];
    return spans.map(([first, last], i) => [first, last, names[i] ?? '']);
  };
}

/** The names and numbers of wink's token categories; only `word` is ever used here. */
const CATEGORIES =
  'unk word number url email mention hashtag emoji emoticon time ordinal currency punctuation symbol tabCRLF wordRP alpha apos decade shortForm'.split(
    ' ',
  );
const WORD = CATEGORIES.indexOf('word');
const NO_MACHINE = JSON.stringify([100, 0, { 0: {} }, {}, {}, {}]);

/** A model whose tokenizer makes one word of whatever stands between two spaces, and that knows no word. */
function wordModel() {
  const nothing = () => undefined;
  return {
    core: emptyCore,
    featureFn: () => ({}),
    sbd: () => ({ machines: [], transformers: [], setter: nothing }),
    ner: () => ({ machines: [], transformers: [] }),
    pos: () => ({ machines: [], transformers: [], setter: nothing, updater: nothing }),
    negation: () => ({ machines: [NO_MACHINE], setter: nothing }),
    sa: () => ({ machines: [NO_MACHINE], setter: nothing }),
    metaCER: () => patternMatching,
    addons: {},
  };
}

/** A new one at each call: wink writes into it. Lexeme 0 marks unknown words, and a line break must be known. */
function emptyCore() {
  const lexemes = ['$%^OOV^%$', '\n'];
  const hash = (list: readonly string[]) =>
    Object.assign(Object.create(null), Object.fromEntries(list.map((name, i) => [name, i])));
  const zero = [0, 0, 0, 1, 0, 0];
  const never = ['^\\b\\B$', ''];
  return {
    packing: {
      size: 1,
      efSize: 1,
      efList: [],
      config: {},
      layout: {
        normal: zero,
        lemma: zero,
        isContraction: zero,
        isSpellingMapped: zero,
        pos: zero,
        tokenType: [0, 31, 0, 1, 0, 1],
      },
    },
    lexicon: new Uint32Array(lexemes.length),
    xpansions: new Uint32Array(0),
    features: {
      lexeme: { list: lexemes, hash: hash(lexemes), intrinsicSize: lexemes.length, index: lexemes.length },
      tokenType: { list: CATEGORIES },
      pos: { list: ['UNK'] },
      posClusters: { list: [] },
    },
    tcat: { hash: hash(CATEGORIES), list: CATEGORIES },
    pos: { hash: hash(['UNK']), list: ['UNK'] },
    preserve: { prefix: {}, suffix: {} },
    trex: {
      ltc: [['^\\S+$', '', WORD]],
      rtc: [],
      helpers: { splitter: ['( +)', ''], anyWithRP: never, anyWithLP: never, LPanyRP: never },
    },
  };
}
