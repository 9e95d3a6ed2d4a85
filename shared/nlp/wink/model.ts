/**
 * A language model for wink-nlp that knows Arabic, French, Spanish, English and Darija in both scripts: an object for
 * `winkNLP(model, pipe)`. What it says of sentences, negation and sentiment is decided by the annotators it is given.
 * Called by reader.ts and matcher.ts. Try it: npx vitest run --project unit tests/unit/nlp-contract.test.ts
 *
 * The model has no vocabulary of its own: lexicons and weights are looked up once for each new word (see words.ts), so it
 * loads in a millisecond and can be thrown away whenever wink has kept too many words. It has none of the defects of the
 * stock model: no feature that overflows, a constant pattern machine, and no name of Object.prototype that misleads it.
 */
import { type Annotators, type RawDocument, TOKEN_SIZE, type WinkCore } from './contract.ts';
import { CATEGORIES, TOKEN_PATTERNS } from './tokens.ts';

/** A machine without states. The names that every parsed object inherits are answered by "no such transition". */
const NO_MACHINE = JSON.stringify([
  100,
  0,
  { 0: Object.fromEntries(Object.getOwnPropertyNames(Object.prototype).map((name) => [name, 0])) },
  {},
  {},
  {},
]);

const nothing = (): undefined => undefined;

export interface ModelOptions {
  readonly annotators?: Partial<Annotators>;
  /** What custom entities are matched on: the name that patterns have for a token of the text. */
  readonly eventOf?: (doc: RawDocument, token: number) => string;
  /** Given wink's store each time an instance is made: its list tells how many words the instance keeps. */
  readonly onCore?: (core: WinkCore) => void;
}

/** A fresh model. Every string is safe to read with it. */
export function multilingualModel({ annotators = {}, onCore, eventOf = normalOf }: ModelOptions = {}) {
  return {
    core: () => {
      const core = emptyCore();
      onCore?.(core);
      return core;
    },
    featureFn: () => ({}),
    sbd: () => ({
      machines: [],
      transformers: [],
      setter: (_: unknown, doc: RawDocument) => (annotators.sentences ?? oneSentence)(doc),
    }),
    ner: () => ({ machines: [NO_MACHINE], transformers: [null] }),
    pos: () => ({ machines: [], transformers: [], setter: nothing, updater: nothing }),
    negation: () => ({
      machines: [NO_MACHINE],
      setter: (_: unknown, doc: RawDocument) => annotators.negation?.(doc),
    }),
    sa: () => ({
      machines: [NO_MACHINE],
      setter: (_: unknown, doc: RawDocument) => annotators.sentiment?.(doc),
    }),
    metaCER: () => ({
      machines: NO_MACHINE,
      // wink writes words as numbers of their lower-case form; custom entities know them as text.
      transformers: [
        (_lexeme: number, _cache: unknown, { rdd }: { rdd: RawDocument }, token: number) => eventOf(rdd, token),
      ],
    }),
    addons: { stem: (word: string) => word, lemmatize: (word: string) => word, readabilityStats: nothing },
  };
}

const normalOf = ({ cache, tokens }: RawDocument, token: number): string =>
  cache.value(cache.normal(tokens[token * TOKEN_SIZE] as number));

function oneSentence(doc: RawDocument): void {
  doc.sentences = [[0, doc.numOfTokens - 1, 0, 0]];
}

/** A new one at each call: wink writes into it. Lexeme 0 marks unknown words, and a line break must be known. */
function emptyCore() {
  const lexemes = ['$%^OOV^%$', '\n'];
  const numbered = (names: readonly string[]): Record<string, number> => {
    const numbers: Record<string, number> = Object.create(null);
    for (const [i, name] of names.entries()) numbers[name] = i;
    return numbers;
  };
  const zero = [0, 0, 0, 1, 0, 0];
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
    // A line break is typed as one; the marker of unknown words has no type.
    lexicon: Uint32Array.of(0, CATEGORIES.indexOf('tabCRLF')),
    xpansions: new Uint32Array(0),
    features: {
      lexeme: { list: lexemes, hash: numbered(lexemes), intrinsicSize: lexemes.length, index: lexemes.length },
      tokenType: { list: CATEGORIES },
      pos: { list: ['UNK'] },
      posClusters: { list: [] },
    },
    tcat: { hash: numbered(CATEGORIES), list: CATEGORIES },
    pos: { hash: numbered(['UNK']), list: ['UNK'] },
    preserve: { prefix: {}, suffix: {} },
    trex: TOKEN_PATTERNS,
  };
}
