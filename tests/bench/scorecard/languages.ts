/**
 * How well languages are told apart, on posts that the weights have not seen. Called by run.ts.
 *
 * The weights that ship are trained on the whole public language set, which holds most dev sets too. So weights are fitted
 * here without a fifth of it and without the dev sets, and asked through the product's own detection. About a minute.
 */
import { fitRecipe } from '../../../infra/train/crossValidate.ts';
import type { LabelledPost } from '../../../infra/train/data.ts';
import { languageExamples } from '../../../infra/train/examples.ts';
import { LANGUAGE } from '../../../infra/train/recipes.ts';
import { LANGUAGES } from '../../../shared/nlp/groups.ts';
import { detectLanguage } from '../../../shared/nlp/language/detect.ts';
import { readWeights, type Weights, writeWeights } from '../../../shared/nlp/linear/weights.ts';
import { createReader } from '../../../shared/nlp/reader.ts';

/** What a text can be taken for; `other` is any language that is not scored. */
export const ANSWERS = [...LANGUAGES, 'mixed', 'und', 'other'] as const;

/** Rows are LANGUAGES as labelled, columns ANSWERS. */
export type LanguageMatrix = readonly (readonly number[])[];

/** Fits weights on `rest` and tells what the product would take each text for. */
export function heldOutDetection(rest: readonly LabelledPost[]): (text: string) => string {
  const weights = fitWeights(rest);
  const reader = createReader(); // words keep their votes: no other weights may have read with it
  return (text) => detectLanguage(reader.read(text), weights).language;
}

function fitWeights(posts: readonly LabelledPost[]): Weights {
  const { model, columns } = fitRecipe(posts, languageExamples(posts), LANGUAGE);
  const width = columns.size;
  const values = [...columns.values()].map((column) =>
    LANGUAGES.map((_, n) => model.weights[n * width + column] as number),
  );
  const header = { name: 'language', outputs: LANGUAGES, bias: [...model.bias], trainedOn: [] };
  return readWeights(writeWeights({ ...header, features: [...columns.keys()], values }));
}

/** Counts posts by their language and what they were taken for. */
export function languageMatrix(
  posts: readonly LabelledPost[],
  takenFor: (post: LabelledPost, place: number) => string,
): LanguageMatrix {
  const matrix = LANGUAGES.map(() => new Array<number>(ANSWERS.length).fill(0));
  for (const [place, post] of posts.entries()) {
    const row = matrix[(LANGUAGES as readonly string[]).indexOf(post.language)];
    if (!row) continue;
    const found = (ANSWERS as readonly string[]).indexOf(takenFor(post, place));
    const column = found < 0 ? ANSWERS.indexOf('other') : found;
    row[column] = (row[column] ?? 0) + 1;
  }
  return matrix;
}

export interface LanguageRate {
  readonly posts: number;
  /** Percent of the posts taken for their language; NaN without posts. */
  readonly recall: number;
  /** Percent of the posts taken for the language that are in it; NaN when none was. */
  readonly precision: number;
}

/** One a language, in the order of LANGUAGES. */
export const languageRates = (matrix: LanguageMatrix): LanguageRate[] =>
  matrix.map((row, n) => {
    const posts = sum(row);
    const right = row[n] ?? 0;
    return {
      posts,
      recall: (100 * right) / posts,
      precision: (100 * right) / sum(matrix.map((other) => other[n] ?? 0)),
    };
  });

/** Percent of all posts taken for their language. */
export const languageAccuracy = (matrix: LanguageMatrix): number =>
  (100 * sum(matrix.map((row, n) => row[n] ?? 0))) / sum(matrix.flat());

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
