/** The sentiment packs: well formed, large enough, and every entry is found in a text as it is written. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { randomFrom, shuffle } from '../../infra/train/fit.ts';
import { GROUPS, type Group } from '../../shared/nlp/groups.ts';
import { annotate, emptyMarks, type Hit } from '../../shared/nlp/lexicon/annotate.ts';
import { inflect } from '../../shared/nlp/lexicon/inflect.ts';
import { lexiconFiles, loadLexicon, phraseForms } from '../../shared/nlp/lexicon/lexicon.ts';
import { hashText } from '../../shared/nlp/linear/hash.ts';
import { readPack, readTable } from '../../shared/nlp/packs/read.ts';
import { createReader } from '../../shared/nlp/reader.ts';

type Column = 'entry' | 'weight' | 'class' | 'variants';
const HEADER: readonly Column[] = ['entry', 'weight', 'class', 'variants'];
const LEAST_ENTRIES = 3_000;
const SAMPLE = 1_500;
const LEAST_FOUND = 0.995;

const reader = createReader();
const lexicons = new Map(GROUPS.map((group) => [group, loadLexicon(group)]));
const sentimentFiles = (group: Group): string[] => lexiconFiles(group).filter((file) => file.includes('sentiment'));
const ownFiles = (group: Group): string[] => sentimentFiles(group).filter((file) => file.startsWith(`${group}/`));
const entriesOf = (files: readonly string[]) => files.flatMap((file) => readTable<Column>(file));

function hitsOf(group: Group, text: string): readonly Hit[] {
  const lexicon = lexicons.get(group);
  if (!lexicon) throw new Error(`no lexicon of ${group}`);
  const { words, sentences } = reader.read(text);
  const marks = emptyMarks(words.length);
  for (const [from, to] of sentences) annotate(words, from, to, lexicon, marks);
  return marks.hits;
}

describe.each(GROUPS)('the packs of %s', (group) => {
  test('have the header, and rows of as many columns at most', () => {
    for (const file of sentimentFiles(group)) {
      const [header, ...rows] = readPack(file).split('\n');
      expect(header?.split('\t'), file).toEqual(HEADER);
      const wide = rows.filter((row) => !/^#(?: |$)/.test(row) && row.split('\t').length > HEADER.length);
      expect(wide, file).toEqual([]);
    }
  });

  test('have weights in halves from -3 to 3, known classes, and no blanks around entries', () => {
    const wrong = entriesOf(sentimentFiles(group)).flatMap(({ entry, weight, class: wordClass, variants }) => {
      const value = Number(weight);
      const faults: string[] = [];
      if (weight === '' || !Number.isInteger(value * 2) || Math.abs(value) > 3) faults.push(`weight ${weight}`);
      if (!['a', 'n', 'v', '-'].includes(wordClass)) faults.push(`class ${wordClass}`);
      for (const spelling of [entry, ...variants.split('|').filter((variant) => variant !== '')]) {
        if (spelling !== spelling.trim() || phraseForms(spelling).length === 0) faults.push(`spelling "${spelling}"`);
      }
      return faults.map((fault) => `${entry}: ${fault}`);
    });
    expect(wrong).toEqual([]);
  });

  test('list no entry twice', () => {
    const seen = new Map<string, string>();
    const twice: string[] = [];
    for (const { entry } of entriesOf(ownFiles(group))) {
      const name = phraseForms(entry).join(' ');
      if (seen.has(name)) twice.push(`${entry} = ${seen.get(name)}`);
      seen.set(name, entry);
    }
    expect(twice).toEqual([]);
  });

  test('keep what is positive and what is negative apart', () => {
    const misplaced = ['positive', 'negative'].flatMap((side) =>
      readTable<Column>(`${group}/sentiment-${side}.tsv`)
        .filter(({ weight }) => (side === 'positive' ? Number(weight) < 0 : Number(weight) > 0))
        .map(({ entry, weight }) => `${side}: ${entry} ${weight}`),
    );
    expect(misplaced).toEqual([]);
  });

  test(`hold at least ${LEAST_ENTRIES} entries, on both sides`, () => {
    const entries = entriesOf(ownFiles(group));
    expect(lexicons.get(group)?.size).toBe(entries.length);
    expect(entries.length).toBeGreaterThanOrEqual(LEAST_ENTRIES);
    expect(entries.filter(({ weight }) => Number(weight) > 0).length).toBeGreaterThan(LEAST_ENTRIES / 4);
    expect(entries.filter(({ weight }) => Number(weight) < 0).length).toBeGreaterThan(LEAST_ENTRIES / 4);
  });

  test('are found in texts: each entry by itself, with its weight', () => {
    const sample = shuffle(entriesOf(ownFiles(group)), randomFrom(20)).slice(0, SAMPLE);
    const missed = sample.filter(({ entry, weight }) => {
      const hit = hitsOf(group, entry).find(({ key }) => key === hashText(entry));
      return !hit || Math.abs(hit.weight - Number(weight) / 3) > 1e-9;
    });
    const names = missed.map(({ entry, weight }) => `${entry} (${weight})`).join(', ');
    expect(missed.length, `not found: ${names}`).toBeLessThanOrEqual((1 - LEAST_FOUND) * sample.length);
  });

  test('never negate an entry by itself', () => {
    const sample = shuffle(entriesOf(ownFiles(group)), randomFrom(21)).slice(0, SAMPLE);
    const negated = sample.filter(({ entry }) =>
      hitsOf(group, entry).some((hit) => hit.negated && hit.key === hashText(entry)),
    );
    expect(negated.map(({ entry }) => entry)).toEqual([]);
  });
});

test('emoji and most emoticons are found in texts of each language', () => {
  const emoji = readTable<Column>('emoji/sentiment.tsv');
  for (const group of GROUPS) {
    const missed = emoji.filter(({ entry }) => !hitsOf(group, entry).some(({ key }) => key === hashText(entry)));
    expect(missed.filter(({ entry }) => /\p{Extended_Pictographic}/u.test(entry))).toEqual([]);
    expect(missed.length, missed.map(({ entry }) => entry).join(' ')).toBeLessThan(0.03 * emoji.length);
  }
});

test.each<[Group, string, string]>([
  ['fr', 'adorer', 'adoraient'],
  ['fr', 'adorer', 'Adorons'],
  ['fr', 'honteux', 'honteuses'],
  ['fr', 'décevant', 'décevantes'],
  ['fr', 'créatif', 'créatives'],
  ['fr', 'brutal', 'brutaux'],
  ['fr', 'scandale', '#scandales'],
  ['fr', 'réussir', 'réussissent'],
  ['ar', 'رائع', 'رائعين'],
  ['ar', 'نجاح', 'والنجاح'],
  ['ar', 'نجاح', 'نجاحهم'],
  ['ar', 'فساد', 'بالفساد'],
  ['ary', 'مزيان', 'mezyan'],
  ['ary', 'مزيان', 'مزيانين'],
  ['ary', 'مشكل', 'mochkili'],
  ['ary', 'زوين', 'zwinin'],
  ['en', 'love', 'loving'],
  ['en', 'happy', 'happier'],
  ['en', 'worry', 'worried'],
  ['en', 'problem', 'PROBLEMS'],
  ['es', 'maravilloso', 'maravillosas'],
  ['es', 'mejorar', 'mejorando'],
  ['es', 'odiar', 'odiaban'],
  ['es', 'problema', 'problemas'],
])('%s: "%s" is found as "%s"', (group, entry, form) => {
  const hits = hitsOf(group, form);
  expect(hits.map(({ key }) => key)).toEqual([hashText(entry)]);
  expect(hits[0]?.weight).toBe(hitsOf(group, entry)[0]?.weight);
});

test.each<[Group, string, string]>([
  ['fr', 'magnifiiiique', 'magnifique'],
  ['fr', 'décevaaaant', 'décevant'],
  ['ary', 'mezyaaaan', 'مزيان'],
  ['ar', 'راااائع', 'رائع'],
  ['ar', 'رَائِعٌ', 'رائع'],
])('%s: the drawn-out or vowelled "%s" is found as "%s"', (group, written, entry) => {
  expect(hitsOf(group, written).map(({ key }) => key)).toEqual([hashText(entry)]);
});

// wrong: a number in a text has the form <num>, in an entry it keeps its digits: such entries are never found.
test.each<[Group, string]>([
  ['fr', 'erreur 404'],
  ['en', 'within 24 hours'],
  ['ar', '10 على 10'],
])('%s: an entry with a number is found: "%s"', (group, entry) => {
  expect(hitsOf(group, entry).map(({ key }) => key)).toEqual([hashText(entry)]);
});

describe('inflected forms', () => {
  test.each<[Group, string, string, readonly string[]]>([
    ['fr', 'heureux', 'a', ['heureuse', 'heureuses']],
    ['fr', 'local', 'a', ['locale', 'locaux']],
    ['fr', 'manger', 'v', ['mangeons', 'mangent', 'mangee']],
    ['fr', 'finir', 'v', ['finissent', 'finie']],
    ['fr', 'drapeau', 'n', ['drapeaux']],
    ['en', 'cry', 'v', ['cries', 'cried', 'crying']],
    ['en', 'stop', 'v', ['stopped', 'stopping']],
    ['en', 'box', 'n', ['boxes']],
    ['en', 'easy', 'a', ['easier', 'easily']],
    ['es', 'rapido', 'a', ['rapida', 'rapidos', 'rapidamente']],
    ['es', 'voz', 'n', ['voces']],
    ['es', 'buscar', 'v', ['buscan', 'busquen', 'buscando']],
    ['ar', 'مدرسه', 'n', ['مدرستي', 'مدرسات']],
    ['ar', 'يكتب', 'v', ['تكتب', 'يكتبون']],
    ['ary', 'يخدم', 'v', ['كيخدم', 'نخدمو']],
    ['ary', 'ikhdem', 'v', ['kaykhdem', 'nkhdemo']],
  ])('%s %s (%s)', (group, word, wordClass, expected) => {
    expect(inflect(group, word, wordClass)).toEqual(expect.arrayContaining([...expected]));
  });

  test('of a word without a class are none', () => {
    for (const group of GROUPS) expect(inflect(group, 'parole', '-')).toEqual([]);
  });
});

describe('a pack that is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sada-packs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is told with its file and the role that nobody knows', { timeout: 120_000 }, async () => {
    const nlp = fileURLToPath(new URL('../../shared/nlp', import.meta.url));
    cpSync(nlp, folder, { recursive: true, filter: (path) => !/posts-.*\.tsv$|\.bin$|topic-terms/.test(path) });
    const rules = join(folder, 'packs/fr/rules.tsv');
    writeFileSync(rules, `${readFileSync(rules, 'utf8').trimEnd()}\nhier\tbefore\n`);
    const copy = (await import(pathToFileURL(join(folder, 'lexicon/lexicon.ts')).href)) as {
      loadLexicon: typeof loadLexicon;
    };
    expect(() => copy.loadLexicon('fr')).toThrow('fr/rules.tsv: unknown role before');
    expect(copy.loadLexicon('en').size).toBe(lexicons.get('en')?.size);
  });
});
