/** Two experts a group: each learns its own posts, the gate tells them apart, and a whole text goes to one of them. */
import { describe, expect, test } from 'vitest';
import { largest } from '../../infra/train/crossValidate.ts';
import { asPosted, type LabelledPost } from '../../infra/train/data.ts';
import type { Sparse } from '../../infra/train/examples.ts';
import { crossValidateExperts, type ExpertRecipe, fitExperts } from '../../infra/train/experts.ts';

const RECIPE: ExpertRecipe = {
  classes: 3,
  epochs: 10,
  rate: 0.2,
  l2Of: { public: 1e-5, own: 1e-5 },
  leastPosts: 2,
  mostFeatures: 1_000,
  seed: 1,
  gateEpochs: 10,
  isOwn: (source) => source === 'own',
  factorsOf: (source) => (source === 'own' ? { public: 0.05, own: 1 } : { public: 1, own: 0.05 }),
};

/** Feature 1 or 2 tells the source, which the gate sees; 100 to 102 tell the class, and mean the opposite in own posts. */
function opposites(count: number): { posts: LabelledPost[]; features: Sparse[] } {
  const posts = Array.from({ length: count }, (_, i) => ({
    text: `texte ${i}`,
    label: i % 3,
    language: 'fr',
    source: i % 2 === 0 ? 'own' : 'public',
    licence: '',
  }));
  const features = posts.map(
    ({ label, source }): Sparse =>
      new Map([
        [source === 'own' ? 1 : 2, 1],
        [100 + (source === 'own' ? 2 - label : label), 1],
      ]),
  );
  return { posts, features };
}

describe('two experts', () => {
  const { posts, features } = opposites(240);
  const seenByGate = new Set([1, 2]);

  test('learn what one set of weights could not: the same word meaning the opposite', () => {
    const verdicts = crossValidateExperts(posts, { features, seenByGate }, RECIPE, 4);
    for (const [i, { label, source }] of posts.entries()) {
      expect(verdicts[i]?.expert).toBe(source);
      expect(largest(verdicts[i]?.probabilities as Float64Array)).toBe(label);
    }
  });

  test('have a gate that looks at the features it may see alone', () => {
    const { gate, columns } = fitExperts(posts, features, seenByGate, RECIPE);
    for (const [feature, column] of columns) {
      const spread = Math.abs((gate.weights[column] ?? 0) - (gate.weights[columns.size + column] ?? 0));
      if (seenByGate.has(feature)) expect(spread).toBeGreaterThan(0.5);
      else expect(spread).toBe(0);
    }
  });

  test('share the features that are kept', () => {
    expect(fitExperts(posts, features, seenByGate, { ...RECIPE, mostFeatures: 4 }).columns.size).toBe(4);
  });
});

test('posts are read as they were posted, whatever an export made of them', () => {
  expect(asPosted('I\\u2019ve had it &amp; more')).toBe('I’ve had it & more');
  expect(asPosted('so &lt;3')).toBe('so <3');
  expect(asPosted('he said ""no""\\n')).toBe('he said "no" ');
  expect(asPosted('as it was')).toBe('as it was');
});
