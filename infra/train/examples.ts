/**
 * Turns posts into examples for fit.ts: features by name (32-bit), columns by number.
 * Called by train/main.ts. Features seen too rarely get no column: they could only be learned by heart.
 */
import type { Group } from '../../shared/nlp/groups.ts';
import { featureValue, visitLanguageFeatures } from '../../shared/nlp/language/votes.ts';
import { annotate, emptyMarks } from '../../shared/nlp/lexicon/annotate.ts';
import { loadLexicon } from '../../shared/nlp/lexicon/lexicon.ts';
import { stemFeature, visitFeatures, wordFeature } from '../../shared/nlp/linear/features.ts';
import { createReader } from '../../shared/nlp/reader.ts';
import type { LabelledPost } from './data.ts';
import type { Example } from './fit.ts';

/** Features of one post: value by feature. */
export type Sparse = Map<number, number>;

const reader = createReader();

/** Features of posts as the scorer of a group sees them, and those of whole words and stems among them. */
export function sentimentFeatures(
  posts: readonly LabelledPost[],
  group: Group,
): { features: Sparse[]; seenByGate: Set<number> } {
  const lexicon = loadLexicon(group);
  const seenByGate = new Set<number>();
  const features = posts.map(({ text }) => {
    const { words, sentences } = reader.read(text.slice(0, 5_000));
    const marks = emptyMarks(words.length);
    for (const [from, to] of sentences) annotate(words, from, to, lexicon, marks);
    for (const word of words) {
      seenByGate.add(wordFeature(word));
      if (word.stemHash !== 0) seenByGate.add(stemFeature(word));
    }
    const found: Sparse = new Map();
    visitFeatures({ words, marks, sentences }, (feature, value) =>
      found.set(feature, (found.get(feature) ?? 0) + value),
    );
    return found;
  });
  return { features, seenByGate };
}

/** Features of posts as language identification sees them. */
export function languageExamples(posts: readonly LabelledPost[]): Sparse[] {
  return posts.map(({ text }) => {
    const { words } = reader.read(text.slice(0, 5_000));
    const spoken = words
      .map((word) => {
        const features: number[] = [];
        visitLanguageFeatures(word, (feature) => features.push(feature));
        return features;
      })
      .filter((features) => features.length > 0);
    const scale = 1 / Math.sqrt(Math.max(1, spoken.length));
    const found: Sparse = new Map();
    for (const features of spoken) {
      const value = featureValue(features.length) * scale;
      for (const feature of features) found.set(feature, (found.get(feature) ?? 0) + value);
    }
    return found;
  });
}

/** Numbers for the features that at least `least` of the posts have. */
export function numberFeatures(all: readonly Sparse[], least: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const features of all)
    for (const feature of features.keys()) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  const columns = new Map<number, number>();
  for (const [feature, count] of counts) if (count >= least) columns.set(feature, columns.size);
  return columns;
}

export function toExample(
  features: Sparse,
  columns: ReadonlyMap<number, number>,
  label: number,
  weight: number,
): Example {
  const places: number[] = [];
  const values: number[] = [];
  for (const [feature, value] of features) {
    const column = columns.get(feature);
    if (column === undefined) continue;
    places.push(column);
    values.push(value);
  }
  return { columns: Int32Array.from(places), values: Float32Array.from(values), label, weight };
}

/** One weight a post: within a source every class counts the same; a source counts as many posts as it has, times its factor. */
export function balancedWeights(posts: readonly LabelledPost[], factorOf: (source: string) => number): number[] {
  const counts = new Map<string, Map<number, number>>();
  for (const { source, label } of posts) {
    const classes = counts.get(source) ?? new Map<number, number>();
    counts.set(source, classes.set(label, (classes.get(label) ?? 0) + 1));
  }
  return posts.map(({ source, label }) => {
    const classes = counts.get(source) as Map<number, number>;
    const total = [...classes.values()].reduce((sum, n) => sum + n, 0);
    return (factorOf(source) * total) / (classes.size * (classes.get(label) ?? 1));
  });
}
