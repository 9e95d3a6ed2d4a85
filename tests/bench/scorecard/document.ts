/**
 * Makes docs/scorecard.md, and the table of README.md, of what was measured. Pure: figures in, Markdown out. Called by run.ts.
 * Try it: npx vitest run --project unit tests/unit/scorecard.test.ts
 */
import type { Judged } from '../../../infra/train/measure.ts';
import { LANGUAGES } from '../../../shared/nlp/groups.ts';
import type { CrossValidation } from './crossValidation.ts';
import { ANSWERS, type LanguageMatrix, languageAccuracy, languageRates } from './languages.ts';
import { boldBest, type Cell, figure, NONE, signed, table, transpose } from './table.ts';
import { leadOver, type Result, type Tool, toJudged } from './tool.ts';
import { HOW_MADE, HOW_TO_READ, LIMITS } from './words.ts';

export interface Scorecard {
  /** Date, version of the analyser, machine: one line. */
  readonly made: string;
  /** Sada first; each with its results for all sets, in one order. */
  readonly tools: readonly { readonly tool: Omit<Tool, 'judge'>; readonly results: readonly Result[] }[];
  /** Posts of each set whose words are those of a training post. */
  readonly known: readonly number[];
  readonly missing: readonly string[];
  readonly crossValidation: CrossValidation | undefined;
  readonly languages: {
    /** By weights that have seen none of these posts. */
    readonly heldOut: LanguageMatrix;
    readonly dev: LanguageMatrix;
    /** By the weights that ship. */
    readonly shippedDev: LanguageMatrix;
    /** Posts of `dev` that those weights were trained on. */
    readonly knownToShipped: number;
  };
  /** Versions of the peers' packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export function toDocument(card: Scorecard): string {
  const missing = card.missing.length > 0 ? [`Not there when this was made: ${card.missing.join(', ')}.`] : [];
  return `${[
    '# Scorecard',
    HOW_TO_READ,
    card.made,
    ...missing,
    '## Sentiment',
    ...sentimentSections(card),
    '## How far Sada knows when it is right',
    calibration(card),
    '## Cross-validation',
    crossValidationSection(card.crossValidation),
    '## Language',
    ...languageSections(card),
    '## How it was made',
    HOW_MADE,
    table(['package', 'version'], Object.entries(card.versions)),
    '## Limits',
    LIMITS,
  ].join('\n\n')}\n`;
}

/** README.md with the table of macro-F1 as it is now. @throws when the place for it is missing. */
export function intoReadme(readme: string, { tools }: Scorecard): string {
  const [begin, end] = ['<!-- scorecard -->', '<!-- /scorecard -->'];
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} … ${end} for the table`);
  const figures = byTool(tools, (results) => results.map(({ measures }) => measures.macroF1));
  return `${readme.slice(0, from + begin.length)}\n${figures}\n${readme.slice(to)}`;
}

function sentimentSections({ tools }: Scorecard): string[] {
  const share = (tell: (result: Result) => number) => byTool(tools, (results) => results.map(tell));
  return [
    '### Macro-F1',
    [share(({ measures }) => measures.macroF1), guessing(tools, macroF1OfGuess)].join('\n'),
    '### Accuracy, percent',
    [share(({ measures }) => measures.accuracy), guessing(tools, accuracyOfGuess)].join('\n'),
    'A `*` marks figures of a sample: the number of posts is in the next table.',
    '### What is ahead of what by chance',
    "Sada's macro-F1 less that of the best of the peers that judged all posts, and of each that judged a sample; with the " +
      'middle 95 % of 2,000 resamplings of the posts that both judged. A range that holds 0 is a tie.',
    leads(tools),
    '### Coverage, percent',
    'Posts of which a tool says that it understood something; the rest counts as neutral above.',
    coverages(tools),
    '### Posts a second',
    'One process, one core, each post once. Sada finds the language, explains its score and looks for topics and names as well.',
    speeds(tools),
  ];
}

type Measured = Scorecard['tools'];

const setHeads = (tools: Measured): string[] =>
  (tools[0]?.results ?? []).map(({ set, posts }) => `${set.language} (${posts.length})`);

/** One row a tool, one column a set, the best of each column in bold. */
function byTool(
  tools: Measured,
  tell: (results: readonly Result[], tool: Measured[number]['tool']) => readonly (number | undefined)[],
): string {
  const columns = transpose(tools.map(({ tool, results }) => tell(results, tool))).map(boldBest);
  const rows = tools.map(({ tool }, n) => [nameOf(tool), ...columns.map((column) => column[n] ?? NONE)]);
  return table(['', ...setHeads(tools)], rows);
}

/** None is in bold: to find something is not to be right. */
function coverages(tools: Measured): string {
  const rows = tools.map(({ tool, results }) => [
    nameOf(tool),
    ...results.map(({ measures }) => (tool.tellsCoverage ? figure(measures.coverage) : NONE)),
  ]);
  return table(['', ...setHeads(tools)], rows);
}

const nameOf = ({ name, mostPosts }: Omit<Tool, 'judge'>): string => (mostPosts === undefined ? name : `${name} *`);

/** A last row under byTool: what a guess of the most frequent class would get. */
function guessing(tools: Measured, tell: (share: number, classes: number) => number): string {
  const cells = (tools[0]?.results ?? []).map(({ measures }) => {
    const counts = measures.confusion.map((row) => row.reduce((sum, n) => sum + n, 0));
    return figure(tell(Math.max(...counts) / measures.posts, counts.filter((count) => count > 0).length));
  });
  return `| the most frequent class, always | ${cells.join(' | ')} |`;
}

const accuracyOfGuess = (share: number): number => 100 * share;
const macroF1OfGuess = (share: number, classes: number): number => (100 * ((2 * share) / (share + 1))) / classes;

function leads(tools: Measured): string {
  const [ours, ...peers] = tools;
  const rows = (ours?.results ?? []).flatMap((own, n) => {
    const there = peers.flatMap(({ tool, results }) => {
      const result = results[n];
      return result ? [{ name: tool.name, result }] : [];
    });
    const isSample = ({ result }: Rival): boolean => result.posts.length < own.posts.length;
    const [best] = there
      .filter((rival) => !isSample(rival))
      .toSorted((a, b) => b.result.measures.macroF1 - a.result.measures.macroF1);
    return [...(best ? [best] : []), ...there.filter(isSample)].map((rival) => leadRow(own, rival));
  });
  return table(['', 'over', 'lead', '95 %', 'posts'], rows);
}

interface Rival {
  readonly name: string;
  readonly result: Result;
}

function leadRow(own: Result, { name, result }: Rival): Cell[] {
  const { lead, low, high, posts } = leadOver(own, result);
  return [own.set.language, name, signed(lead), `${signed(low)} to ${signed(high)}`, posts];
}

function speeds(tools: Measured): string {
  const rows = tools.map(({ tool, results }) => {
    const rate = (some: readonly Result[]): number =>
      some.reduce((n, { posts }) => n + posts.length, 0) / some.reduce((ms, result) => ms + result.ms / 1_000, 0);
    const rates = results.map((result) => rate([result]));
    return [nameOf(tool), ...[rate(results), Math.min(...rates), Math.max(...rates)].map(threeDigits)];
  });
  return table(['', 'all sets', 'slowest set', 'fastest set'], rows);
}

const threeDigits = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');

function calibration({ tools, known }: Scorecard): string {
  const rows = (tools[0]?.results ?? []).map(
    ({ set, posts: own, said, measures: { posts, coverage, ece, sure } }, n): Cell[] => [
      `${set.name}, ${set.language}`,
      posts,
      figure(coverage),
      figure(ece),
      signed(modesty(toJudged(own, said))),
      sure.posts,
      figure(sure.right),
      known[n] ?? NONE,
    ],
  );
  const heads = [
    '',
    'posts',
    'coverage, %',
    'ECE',
    'right less p',
    'p ≥ 0.8: posts',
    'of these right, %',
    'known words',
  ];
  return [
    table(heads, rows),
    '',
    'ECE: by how many points probabilities miss the part that is right, on average over ten bins. `right less p`: what is right,',
    'in percent, less the mean probability: above 0 Sada is more often right than it says. `known words`: posts whose words are,',
    'apart from case, accents, links and punctuation, those of a post that was trained on.',
  ].join('\n');
}

/** What is right less the mean probability, in points; of the posts that were scored. */
function modesty(judged: readonly Judged[]): number {
  const scored = judged.filter(({ predicted }) => predicted >= 0);
  const surplus = scored.reduce(
    (sum, { truth, predicted, probability }) => sum + Number(truth === predicted) - probability,
    0,
  );
  return (100 * surplus) / scored.length;
}

function crossValidationSection(figures: CrossValidation | undefined): string {
  if (!figures) return 'No figures yet: `npm run train -- --data DIR` writes them.';
  const rows = Object.entries(figures).flatMap(([group, sources]) =>
    Object.entries(sources).map(([source, { posts, macroF1, accuracy, ece, sureRight, surePosts }]) => [
      `${group}: ${source}`,
      posts,
      // A source of one language has one class only: its F1 says nothing.
      group === 'language' ? NONE : figure(macroF1),
      figure(accuracy),
      figure(ece),
      surePosts ?? NONE,
      figure(sureRight),
    ]),
  );
  return [
    'Each post judged by weights that have not seen it (five folds; posts with the same text share one), given its language.',
    'Sources that begin with `posts-`, `sample` or `own` were written for this project: alike among themselves, so easier than life.',
    '',
    table(['', 'posts', 'macro-F1', 'accuracy, %', 'ECE', 'p ≥ 0.8: posts', 'of these right, %'], rows),
  ].join('\n');
}

function languageSections({ languages: { heldOut, dev, shippedDev, knownToShipped } }: Scorecard): string[] {
  const right = (matrix: LanguageMatrix): string => `${figure(languageAccuracy(matrix))} %`;
  return [
    'Rows: the language of the label. Columns: what Sada takes the post for, with no hint of the source; `mixed`, `und` (too ' +
      'little to tell) and `other` (a language that is not scored) count as wrong. By weights fitted without these posts.',
    `### A fifth of the language set: ${right(heldOut)} right`,
    matrixTable(heldOut),
    `### The dev sets: ${right(dev)} right`,
    matrixTable(dev),
    `The weights that ship are trained on the whole language set, ${knownToShipped} posts of the dev sets among it, and get ${right(shippedDev)} of ` +
      'the dev sets: no fair figure.',
    'Labels of ary go by source: the Darija set has headlines and comments in Standard Arabic, and what Sada takes for `ar` there is ' +
      'partly that, partly Darija that it did not recognise. Nobody has counted which.',
  ];
}

function matrixTable(matrix: LanguageMatrix): string {
  const rates = languageRates(matrix);
  const rows = matrix.flatMap((row, n) => {
    const { posts = 0, recall, precision } = rates[n] ?? {};
    return posts === 0 ? [] : [[LANGUAGES[n] ?? '', ...row, figure(recall), figure(precision)]];
  });
  return table(['', ...ANSWERS, 'recall, %', 'precision, %'], rows);
}
