/**
 * What Sada's model and wink-nlp owe each other. None of it is a public contract of wink's: when wink changes, this is
 * the test that tells.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import winkNLP from 'wink-nlp';
import { foldText } from '../../shared/nlp/wink/foldText.ts';
import { multilingualModel } from '../../shared/nlp/wink/model.ts';
import { CATEGORIES } from '../../shared/nlp/wink/tokens.ts';

const SLOW_MS = 120_000;
const PIPE = ['sbd', 'negation', 'sentiment', 'cer'];
type WinkModel = Parameters<typeof winkNLP>[0];

// The types of wink know its own models only.
const make = (model: object = multilingualModel(), pipe: string[] = PIPE) =>
  winkNLP(model as unknown as WinkModel, pipe);

const TEXTS = [
  'Bonjour  le monde. Oui, 12,5 % !',
  'l’avenir n’est qu’on   aujourd’hui',
  '3likom 7chouma ma3jbnich',
  'مركز البيانات،  رائع جداااا؟ نعم',
  '#HubNumérique @sada.ma https://ex.com/a_b?x=1). 👍🏽🇲🇦 1️⃣ :) …',
  'une ligne\n\nune autre\n fin',
  '  des espaces  autour  ',
  '¿Qué tal? «Muy bien» (14h00)',
  'a\ud83db \u0085 c',
  '',
  '   ',
];

describe('the version', () => {
  const wanted = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };

  test('of wink-nlp installed is the one pinned, 2.4.0', () => {
    const installed = createRequire(import.meta.url)('wink-nlp/package.json') as { version: string };
    expect(wanted.dependencies['wink-nlp']).toBe('2.4.0');
    expect(installed.version).toBe('2.4.0');
  });
});

describe('the model', () => {
  const NEEDED = ['core', 'featureFn', 'sbd', 'negation', 'sa', 'ner', 'pos', 'metaCER'] as const;

  test('has what wink needs, and the optional addons', () => {
    expect(Object.keys(multilingualModel()).toSorted()).toEqual([...NEEDED, 'addons'].toSorted());
  });

  test.each(NEEDED)('cannot do without %s', (member) => {
    const model: Partial<ReturnType<typeof multilingualModel>> = multilingualModel();
    delete model[member];
    expect(() => make(model)).toThrow(/wink-nlp|is not a function/);
  });

  test('can do without addons', () => {
    const model: Partial<ReturnType<typeof multilingualModel>> = multilingualModel();
    delete model.addons;
    expect(make(model).readDoc('un deux').tokens().length()).toBe(2);
  });

  test('gives a core of its own to each instance', () => {
    const { core } = multilingualModel();
    const [first, second] = [core(), core()];
    first.features.lexeme.list.push('x');
    first.features.lexeme.hash.x = 9;
    expect(second.features.lexeme.list).not.toContain('x');
    expect(second.features.lexeme.hash.x).toBeUndefined();
  });

  test('names the categories as wink does, in its order', () => {
    const { tcat } = multilingualModel().core();
    expect(CATEGORIES.map((name) => tcat.hash[name])).toEqual(CATEGORIES.map((_, i) => i));
  });
});

describe('a document of wink', () => {
  const nlp = make();

  test.each(TEXTS)('gives back what it was given: "%s"', (text) => {
    const folded = foldText(text).text;
    expect(nlp.readDoc(folded).out()).toBe(folded.trim());
  });

  test.each([
    ['Arabic', 'المستقبل رائع'],
    ['accented', 'été électricité cœur niño'],
    ['Arabizi', '3likom 7chouma wa7ed 9bel'],
    ['hyphenated', 'rendez-vous data-center'],
  ])('types %s words as words', (_what, text) => {
    const types = nlp.readDoc(text).tokens().out(nlp.its.type);
    expect(types).toEqual(text.split(' ').map(() => 'word'));
  });

  test('has one sentence when nobody annotates, none of it negated or loaded', () => {
    const doc = nlp.readDoc('Non. Pas bon. ليس جيدا');
    expect(doc.sentences().length()).toBe(1);
    expect(doc.out(nlp.its.sentiment)).toBe(0);
    expect(doc.tokens().out(nlp.its.negationFlag)).not.toContain(true);
  });

  test('carries the sentences that its annotator sets', () => {
    const annotated = make(
      multilingualModel({
        annotators: {
          sentences: (doc) => {
            doc.sentences = [
              [0, 1, 0, 0],
              [2, doc.numOfTokens - 1, 0, 0],
            ];
          },
          sentiment: (doc) => {
            doc.document[3] = 0.5;
          },
        },
      }),
    );
    const doc = annotated.readDoc('un deux trois quatre');
    expect(doc.sentences().out()).toEqual(['un deux', 'trois quatre']);
    expect(doc.out(annotated.its.sentiment)).toBe(0.5);
  });
});

describe('instances', () => {
  test('work alike, the 30th as the first', { timeout: SLOW_MS }, () => {
    const said = Array.from({ length: 30 }, () => {
      const nlp = make();
      nlp.learnCustomEntities([{ name: 'found', patterns: ['at length', 'big match', 'link'] }]);
      const doc = nlp.readDoc('a link at length for the big match');
      return JSON.stringify([doc.out(), doc.tokens().out(nlp.its.type), doc.customEntities().out()]);
    });
    expect(new Set(said).size).toBe(1);
    expect(said[0]).toContain('["link","at length","big match"]');
  });

  test('give the same whatever they read before', { timeout: SLOW_MS }, () => {
    const nlp = make();
    const types = (text: string) => nlp.readDoc(foldText(text).text).tokens().out(nlp.its.type);
    const before = TEXTS.map(types);
    for (let i = 0; i < 3_000; i += 1) nlp.readDoc(`mot${i} U.S.A. كلمة${i} ${i}ème`);
    expect(TEXTS.map(types)).toEqual(before);
  });
});

describe('custom entities', () => {
  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'])(
    '%s is learned and found',
    (name) => {
      const nlp = make();
      expect(nlp.learnCustomEntities([{ name: 'found', patterns: [name] }])).toBe(1);
      expect(nlp.readDoc(`un ${name} ici`).customEntities().out()).toEqual([name]);
      expect(nlp.readDoc('un autre mot ici').customEntities().out()).toEqual([]);
    },
  );

  test('names of Object.prototype in a text are no entities', () => {
    const nlp = make();
    nlp.learnCustomEntities([{ name: 'found', patterns: ['data center'] }]);
    const doc = nlp.readDoc('constructor toString __proto__ data center valueOf data constructor');
    expect(doc.customEntities().out()).toEqual(['data center']);
  });

  test('are found in Arabic', () => {
    const nlp = make();
    nlp.learnCustomEntities([{ name: 'found', patterns: ['مركز البيانات'] }]);
    expect(nlp.readDoc('هذا مركز البيانات، نعم').customEntities().out()).toEqual(['مركز البيانات']);
  });
});
