/** The tables of docs/scorecard.md say what was measured. */
import { expect, test } from 'vitest';
import { measure } from '../../infra/train/measure.ts';
import { intoReadme, toDocument } from '../bench/scorecard/document.ts';
import { languageAccuracy, languageMatrix, languageRates } from '../bench/scorecard/languages.ts';
import { boldBest, figure, table } from '../bench/scorecard/table.ts';
import { leadOver, measureTool, type Result, type Said, toJudged } from '../bench/scorecard/tool.ts';

const aPost = (label: number, text = 'x', language = 'fr') => ({ text, label, language, source: 'dev', licence: '' });
const says = (label: number, probability = 0): Said => ({ label, probability });

/** What a tool said of posts whose true classes are `truths`. */
function aResult(truths: readonly number[], labels: readonly number[], ms = 100): Result {
  const posts = truths.map((truth) => aPost(truth));
  const said = labels.map((label) => says(label, 0.9));
  const set = { language: 'fr', name: 'dev', posts } as const;
  return { set, posts, said, ms, measures: measure(toJudged(posts, said), 3) };
}

test('a table has a head, a line under it that puts figures to the right, and a line a row', () => {
  expect(
    table(
      ['', 'fr'],
      [
        ['Sada', '61.5'],
        ['a|b', 2],
      ],
    ),
  ).toBe(['|  | fr |', '|---|---:|', '| Sada | 61.5 |', '| a\\|b | 2 |'].join('\n'));
});

test('a row with a cell too few is no table', () => {
  expect(() => table(['', 'fr', 'en'], [['Sada', 1]])).toThrow('2 cells under 3 heads: Sada, 1');
});

test.each([
  ['one decimal', 61.04, '61.0'],
  ['a dash for what could not be computed', Number.NaN, '–'],
  ['a dash for what JSON has no number for', null, '–'],
  ['a dash for what a tool does not tell', undefined, '–'],
] as const)('a figure has %s', (_name, value, printed) => {
  expect(figure(value)).toBe(printed);
});

test('the best of a column is bold, with what is printed the same', () => {
  expect(boldBest([50.04, 49.9, undefined, 49.96])).toEqual(['**50.0**', '49.9', '–', '**50.0**']);
  expect(boldBest([undefined])).toEqual(['–']);
});

test('a tool that is slow gets the first posts of a set only, and is asked once a post', async () => {
  const asked: string[] = [];
  const posts = ['a', 'b', 'c'].map((text) => aPost(1, text));
  const tool = {
    name: 'slow',
    tellsCoverage: true,
    mostPosts: 2,
    judge: async ({ text }: { text: string }) => {
      asked.push(text);
      return says(1);
    },
  };
  const [result] = await measureTool(tool, [{ language: 'fr', name: 'dev', posts }], []);
  expect(asked).toEqual(['a', 'b']);
  expect(result?.measures).toMatchObject({ posts: 2, accuracy: 100 });
});

test('a lead is measured on the posts that both judged, and equal tools are tied', () => {
  const truths = [0, 1, 2, 0, 1, 2];
  const right = aResult([...truths, 0, 0], [...truths, 2, 2]);
  const wrong = aResult(truths, [1, 2, 0, 1, 2, 0]);
  expect(leadOver(right, wrong)).toEqual({ lead: 100, low: 100, high: 100, posts: 6 });
  const half = aResult(truths, [0, 1, 2, 1, 2, 0]);
  expect(leadOver(half, half)).toMatchObject({ lead: 0, low: 0, high: 0 });
  const ahead = leadOver(half, wrong);
  expect(ahead.low).toBeLessThan(ahead.lead);
  expect(ahead.high).toBeGreaterThan(ahead.lead);
});

test('what is taken for a language that is not scored counts as other, and as wrong', () => {
  const posts = ['fr', 'fr', 'en', 'de'].map((language) => aPost(0, 'x', language));
  const answers = ['fr', 'pt', 'fr', 'en'];
  const matrix = languageMatrix(posts, (_, place) => answers[place] ?? '');
  expect(matrix[0]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1]); // one French post for French, one for other
  expect(languageRates(matrix)[0]).toEqual({ posts: 2, recall: 50, precision: 50 });
  expect(languageRates(matrix)[1]).toEqual({ posts: 0, recall: Number.NaN, precision: Number.NaN });
  expect(languageAccuracy(matrix)).toBeCloseTo(100 / 3);
});

const NOBODY = languageMatrix([], () => '');
const TOOLS = [
  { tool: { name: 'Sada', tellsCoverage: true }, results: [aResult([0, 1, 2, 2], [0, 1, 2, -1])] },
  { tool: { name: 'blind', tellsCoverage: false, mostPosts: 3 }, results: [aResult([0, 1, 2], [1, 1, 1])] },
];
const CARD = {
  made: 'Made today.',
  tools: TOOLS,
  missing: ['umsab-xx-dev'],
  known: [2],
  crossValidation: undefined,
  languages: { heldOut: NOBODY, dev: NOBODY, shippedDev: NOBODY, knownToShipped: 0 },
  versions: { blind: '1.0.0' },
};

test('the document has each tool in each table, and says what was not there', () => {
  const text = toDocument(CARD);
  expect(text).toContain('|  | fr (4) |');
  expect(text).toContain('| Sada | **77.8** |\n| blind * | 16.7 |\n| the most frequent class, always | 22.2 |'); // F1 1, 2/3, 2/3
  expect(text).toContain('| Sada | **75.0** |\n| blind * | 33.3 |\n| the most frequent class, always | 50.0 |');
  expect(text).toContain('| fr | blind | +83.3 | ');
  expect(text).toContain('| Sada | 75.0 |\n| blind * | – |'); // coverage
  expect(text).toContain('| Sada | 40 | 40 | 40 |'); // four posts in a tenth of a second
  expect(text).toContain('| dev, fr | 4 | 75.0 | 10.0 | +10.0 | 3 | 100.0 | 2 |');
  expect(text).toContain('Not there when this was made: umsab-xx-dev.');
  expect(text).toContain('No figures yet: `npm run train');
  expect(text).not.toMatch(/NaN|undefined/);
});

test('the README gets the table of macro-F1 between its marks, and nothing else of it changes', () => {
  const before = 'a\n<!-- scorecard -->\nold\n<!-- /scorecard -->\nz';
  const after = intoReadme(before, CARD);
  expect(after).toMatch(/^a\n<!-- scorecard -->\n\|.*\|\n[\s\S]*\| Sada [\s\S]*\n<!-- \/scorecard -->\nz$/);
  expect(after).not.toContain('old');
  expect(intoReadme(after, CARD)).toBe(after);
  expect(() => intoReadme('nothing', CARD)).toThrow('scorecard');
});

test('figures of cross-validation are printed by group and source', () => {
  const none = { posts: 9, macroF1: 50, accuracy: 60.55, ece: 2, sureRight: null, surePosts: 0 };
  const text = toDocument({ ...CARD, crossValidation: { fr: { 'umsab-fr': none }, language: { 'own:fr': none } } });
  expect(text).toContain('| fr: umsab-fr | 9 | 50.0 | 60.5 | 2.0 | 0 | – |');
  expect(text).toContain('| language: own:fr | 9 | – | 60.5 | 2.0 | 0 | – |');
});
