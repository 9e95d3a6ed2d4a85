/**
 * Trains the weights of language identification and of each language group, and reports cross-validation.
 * `npm run train -- --data DIR [--only fr,language] [--without umsab-es] [--dry-run]`; about 10 minutes for all.
 * DIR holds the public sets named in sets.ts; those that are not there are left out, and the weights say so.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { GROUPS, type Group, LANGUAGES } from '../../shared/nlp/groups.ts';
import { writeWeights } from '../../shared/nlp/linear/weights.ts';
import { heat, temperatureOf } from './calibrate.ts';
import { crossValidate, fitRecipe, largest } from './crossValidate.ts';
import { type LabelledPost, languagePosts, ownPostsOf, publicPosts, setsOf } from './data.ts';
import { languageExamples, sentimentFeatures } from './examples.ts';
import { crossValidateExperts, EXPERTS, fitExperts } from './experts.ts';
import type { Fit, Fitted } from './fit.ts';
import { measure } from './measure.ts';
import { LANGUAGE, SURE_RIGHT, sentimentRecipe } from './recipes.ts';

const FOLDS = 5;

/** Figures of cross-validation by group and source, for docs/scorecard.md; those of groups not trained now are kept. */
const FIGURES = new URL('../../docs/cross-validation.json', import.meta.url);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const options = new Command('train')
  .requiredOption('--data <dir>', 'folder with the public sets')
  .option('--only <names>', 'groups to train, and `language`', (names) => names.split(','))
  .option('--without <names>', 'public sets to leave out', (names) => names.split(','), [] as string[])
  .option('--dry-run', 'cross-validate only, write nothing')
  .parse()
  .opts<{ data: string; only?: string[]; without: string[]; dryRun?: boolean }>();

for (const name of ['language', ...GROUPS]) {
  if (options.only && !options.only.includes(name)) continue;
  if (name === 'language') trainLanguage();
  else trainSentiment(name as Group);
}

function trainLanguage(): void {
  const posts = languagePosts(options.data);
  const features = languageExamples(posts);
  const predicted = crossValidate(posts, features, LANGUAGE, FOLDS);
  report('language', 'language', posts, predicted, LANGUAGES.length);
  if (options.dryRun) return;
  const { model, columns } = fitRecipe(posts, features, LANGUAGE);
  const width = columns.size;
  const rows = [...columns].map(([, column]) => LANGUAGES.map((_, c) => model.weights[c * width + column] as number));
  save('language', LANGUAGES, posts, { columns }, rows, [...model.bias]);
}

function trainSentiment(group: Group): void {
  const { posts: fromOthers, missing } = publicPosts(options.data, setsOf(group, options.without));
  for (const name of missing) say(`${group}: set ${name} is not in ${options.data}, left out`);
  const posts = [...fromOthers, ...ownPostsOf(group), ...relatives(group)];
  const { features, seenByGate } = sentimentFeatures(posts, group);
  const recipe = sentimentRecipe();
  const verdicts = crossValidateExperts(posts, { features, seenByGate }, recipe, FOLDS);
  const temperatures = EXPERTS.map((expert) => {
    const own = posts.map((_, i) => i).filter((i) => verdicts[i]?.expert === expert);
    return temperatureOf(
      own.map((i) => posts[i] as LabelledPost),
      own.map((i) => verdicts[i]?.probabilities as Float64Array),
      SURE_RIGHT[group],
    );
  });
  report(
    group,
    `${group} (temperatures ${temperatures.map((t) => t.toFixed(2)).join(', ')})`,
    posts,
    verdicts.map(({ expert, probabilities }) => heat(probabilities, temperatures[EXPERTS.indexOf(expert)] ?? 1)),
    3,
  );
  if (options.dryRun) return;
  const { columns, fits, gate } = fitExperts(posts, features, seenByGate, recipe);
  const width = columns.size;
  // Three classes as two log odds an expert, for positive rather than negative and for neither; then those of the gate.
  const outputs = (at: (fit: Fit, c: number) => number): number[] => [
    ...EXPERTS.flatMap((expert, e) => {
      const [negative = 0, neutral = 0, positive = 0] = [0, 1, 2].map((c) => at(fits[expert], c));
      const temperature = temperatures[e] ?? 1;
      return [(positive - negative) / 2 / temperature, (neutral - (positive + negative) / 2) / temperature];
    }),
    at(gate, 1) - at(gate, 0),
  ];
  const rows = [...columns.values()].map((column) =>
    outputs(({ weights }, c) => weights[c * width + column] as number),
  );
  const names = ['polarity', 'neutral', 'own polarity', 'own neutral', 'own'];
  save(
    group,
    names,
    posts,
    { columns },
    rows,
    outputs(({ bias }, c) => bias[c] as number),
  );
}

/** Posts of Darija in Arabic letters that read like Standard Arabic are scored as such: the Arabic group knows them too. */
function relatives(group: Group): LabelledPost[] {
  if (group !== 'ar') return [];
  const { posts } = publicPosts(options.data, setsOf('ary', options.without));
  return [...posts, ...ownPostsOf('ary')].filter(({ text }) => /\p{Script=Arabic}/u.test(text));
}

function report(
  name: string,
  title: string,
  posts: readonly LabelledPost[],
  predicted: readonly Float64Array[],
  classes: number,
): void {
  const figures: Record<string, Figures> = {};
  say(`${title}: ${posts.length} posts, ${FOLDS}-fold cross-validation`);
  for (const source of new Set(posts.map((post) => post.source))) {
    const judged = posts.flatMap((post, i) => {
      const p = predicted[i] as Float64Array;
      const label = largest(p);
      return post.source === source ? [{ truth: post.label, predicted: label, probability: p[label] as number }] : [];
    });
    const m = measure(judged, classes);
    const { posts: surePosts, right: sureRight } = m.sure;
    figures[source] = { posts: m.posts, macroF1: m.macroF1, accuracy: m.accuracy, ece: m.ece, sureRight, surePosts };
    say(
      `  ${source.padEnd(24)} n ${String(m.posts).padStart(5)}  macro-F1 ${m.macroF1.toFixed(1)}  accuracy ${m.accuracy.toFixed(1)}  ECE ${m.ece.toFixed(1)}  p>=0.8: ${m.sure.right.toFixed(0)} % of ${m.sure.posts}`,
    );
  }
  if (!options.dryRun) saveFigures(name, figures);
}

interface Figures {
  readonly posts: number;
  readonly macroF1: number;
  readonly accuracy: number;
  readonly ece: number;
  readonly sureRight: number;
  readonly surePosts: number;
}

function saveFigures(name: string, figures: Readonly<Record<string, Figures>>): void {
  const known = existsSync(FIGURES) ? (JSON.parse(readFileSync(FIGURES, 'utf8')) as Record<string, unknown>) : {};
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value);
  writeFileSync(FIGURES, `${JSON.stringify({ ...known, [name]: figures }, rounded, 2)}\n`);
}

function save(
  name: string,
  outputs: readonly string[],
  posts: readonly LabelledPost[],
  { columns }: Pick<Fitted, 'columns'>,
  values: readonly (readonly number[])[],
  bias: readonly number[],
): void {
  const counts = new Map<string, { name: string; licence: string; posts: number }>();
  for (const { source, licence } of posts) {
    const known = counts.get(source) ?? { name: source, licence, posts: 0 };
    known.posts += 1;
    counts.set(source, known);
  }
  const file = writeWeights({
    name,
    outputs,
    bias,
    trainedOn: [...counts.values()],
    features: [...columns.keys()],
    values,
  });
  const folder = new URL('../../shared/nlp/packs/weights/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.bin`, folder), file);
  say(`  weights/${name}.bin: ${columns.size} features, ${Math.round(file.length / 1024)} KB`);
}
