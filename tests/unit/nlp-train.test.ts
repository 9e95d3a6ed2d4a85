/** Training on toy problems: what can be learned is learned, always the same; weights survive their file. */
import { describe, expect, test } from 'vitest';
import { heat, temperatureOf } from '../../infra/train/calibrate.ts';
import { crossValidate, fitRecipe, largest, probabilities, type Recipe } from '../../infra/train/crossValidate.ts';
import type { LabelledPost } from '../../infra/train/data.ts';
import { balancedWeights, numberFeatures, type Sparse, sentimentFeatures } from '../../infra/train/examples.ts';
import { type Example, learn, predict, randomFrom, shuffle } from '../../infra/train/fit.ts';
import { readWeights, type TrainedWeights, writeWeights } from '../../shared/nlp/linear/weights.ts';

const SLOW_MS = 120_000;
const OPTIONS = { classes: 3, columns: 8, epochs: 12, rate: 0.2, l2: 1e-5, seed: 1 };

/** Class c has column c, and some of the columns 3 to 7, which say nothing. */
function toyExamples(count: number, seed: number): Example[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) => {
    const noise = [3, 4, 5, 6, 7].filter(() => random() < 0.5);
    const columns = Int32Array.from([i % 3, ...noise]);
    return { columns, values: new Float32Array(columns.length).fill(1), label: i % 3, weight: 1 };
  });
}

describe('fitting', () => {
  test('learns classes that one feature each tells apart', () => {
    const model = learn(toyExamples(300, 2), OPTIONS);
    for (const example of toyExamples(90, 3)) {
      const said = predict(model, example, new Float64Array(3));
      expect(largest(said)).toBe(example.label);
      expect(said[example.label]).toBeGreaterThan(0.8);
      expect(said.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
    }
  });

  test('gives the same for the same seed, and not for another', () => {
    const fitted = (seed: number) => learn(toyExamples(200, 4), { ...OPTIONS, seed });
    expect(fitted(1)).toEqual(fitted(1));
    expect(fitted(2).weights).not.toEqual(fitted(1).weights);
  });

  test('follows the weights of examples where the same features have two labels', () => {
    const contradictory = (weight: number) =>
      Array.from({ length: 100 }, (_, i): Example => {
        const label = i % 2;
        return { columns: Int32Array.of(0), values: Float32Array.of(1), label, weight: label === 0 ? weight : 1 };
      });
    const first = (weight: number) => {
      const model = learn(contradictory(weight), { ...OPTIONS, classes: 2, columns: 1 });
      return predict(model, { columns: Int32Array.of(0), values: Float32Array.of(1) }, new Float64Array(2))[0] ?? 0;
    };
    expect(first(5)).toBeGreaterThan(0.7);
    expect(first(0.2)).toBeLessThan(0.3);
  });

  test('leaves a column that no example has at nothing', () => {
    const { weights } = learn(toyExamples(100, 5), { ...OPTIONS, columns: 9 });
    expect([weights[8], weights[17], weights[26]]).toEqual([0, 0, 0]);
  });

  test('pulls weights towards nothing the more l2 there is', () => {
    const size = (l2: number) =>
      learn(toyExamples(200, 6), { ...OPTIONS, l2 }).weights.reduce((sum, w) => sum + w * w, 0);
    expect(size(0.1)).toBeLessThan(size(1e-6));
  });
});

test('random numbers repeat for a seed and stay in [0, 1); shuffling keeps every item', () => {
  const [first, second] = [randomFrom(9), randomFrom(9)];
  const numbers = Array.from({ length: 1_000 }, first);
  expect(Array.from({ length: 1_000 }, second)).toEqual(numbers);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const items = Array.from({ length: 50 }, (_, i) => i);
  const shuffled = shuffle([...items], randomFrom(1));
  expect(shuffled).not.toEqual(items);
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
});

const post = (text: string, label: number, source = 'toy'): LabelledPost => ({
  text,
  label,
  language: 'fr',
  source,
  licence: '',
});

const RECIPE: Recipe = {
  classes: 3,
  epochs: 10,
  rate: 0.2,
  l2: 1e-5,
  leastPosts: 2,
  mostFeatures: 1_000,
  seed: 1,
  factorOf: () => 1,
};

/** Feature 100 + label tells the class; 200 to 219 say nothing. */
function toyPosts(count: number): { posts: LabelledPost[]; features: Sparse[] } {
  const random = randomFrom(11);
  const posts = Array.from({ length: count }, (_, i) => post(`texte ${i}`, i % 3));
  const features = posts.map(
    ({ label }): Sparse =>
      new Map([
        [100 + label, 1],
        [200 + Math.floor(random() * 20), 1],
      ]),
  );
  return { posts, features };
}

describe('a recipe', () => {
  const { posts, features } = toyPosts(240);

  test('keeps the features that tell classes apart when there is room for few', () => {
    const { columns } = fitRecipe(posts, features, { ...RECIPE, mostFeatures: 3 });
    expect([...columns.keys()].toSorted()).toEqual([100, 101, 102]);
  });

  test('predicts posts it has not seen', () => {
    const said = crossValidate(posts, features, RECIPE, 4);
    expect(said).toHaveLength(posts.length);
    const right = posts.filter(({ label }, i) => largest(said[i] as Float64Array) === label);
    expect(right.length).toBeGreaterThan(0.98 * posts.length);
  });

  test('cannot learn a label by heart: what only one text has helps nobody in its own fold', () => {
    const own = posts.map((_, i): Sparse => new Map([[1_000 + i, 1]]));
    const said = crossValidate(posts, own, { ...RECIPE, leastPosts: 1 }, 4);
    const right = posts.filter(({ label }, i) => largest(said[i] as Float64Array) === label);
    expect(right.length).toBeLessThan(0.6 * posts.length);
  });

  test('keeps the same text in one fold', () => {
    const twice = [...posts, ...posts].map((p, i) => ({ ...p, label: i < posts.length ? p.label : (p.label + 1) % 3 }));
    const own = twice.map((_, i): Sparse => new Map([[1_000 + (i % posts.length), 1]]));
    const said = crossValidate(twice, own, { ...RECIPE, leastPosts: 1 }, 4);
    for (const [i] of posts.entries()) expect(said[i]).toEqual(said[i + posts.length]);
  });

  test('gives probabilities for features it never met', () => {
    const said = probabilities(fitRecipe(posts, features, RECIPE), new Map([[999, 1]]), 3);
    expect(said.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
  });
});

test('features get numbers when enough posts have them', () => {
  const all: Sparse[] = [
    new Map([
      [7, 1],
      [8, 1],
    ]),
    new Map([[7, 2]]),
    new Map([[-9, 1]]),
  ];
  expect([...numberFeatures(all, 2)]).toEqual([[7, 0]]);
  expect(numberFeatures(all, 1).size).toBe(3);
});

test('within a source every class counts the same, and a source as its posts times its factor', () => {
  const posts = [
    ...[0, 0, 0, 1].map((label) => post('a', label, 'one')),
    ...[0, 2].map((label) => post('b', label, 'two')),
  ];
  const weights = balancedWeights(posts, (source) => (source === 'two' ? 3 : 1));
  expect(weights.slice(0, 3).reduce((sum, w) => sum + w, 0)).toBeCloseTo(weights[3] ?? 0, 10);
  expect(weights.slice(0, 4).reduce((sum, w) => sum + w, 0)).toBeCloseTo(4, 10);
  expect(weights.slice(4).reduce((sum, w) => sum + w, 0)).toBeCloseTo(2 * 3, 10);
});

test('features of posts are numbers, the same for the same text', { timeout: SLOW_MS }, () => {
  const { features, seenByGate } = sentimentFeatures(
    [post('Un très bon service 😍', 2), post('Un très bon service 😍', 2), post('Quelle honte', 0), post('', 1)],
    'fr',
  );
  const [first, again, other, empty] = features;
  expect([...(first ?? [])].filter(([feature]) => seenByGate.has(feature)).length).toBeGreaterThan(3);
  expect(first).toEqual(again);
  expect(first).not.toEqual(other);
  expect(first?.size).toBeGreaterThan(20);
  for (const [feature, value] of [...(first ?? []), ...(empty ?? [])]) {
    expect(Number.isInteger(feature)).toBe(true);
    expect(Number.isFinite(value)).toBe(true);
  }
});

describe('the temperature', () => {
  /** Says one class with a probability, and is right as often as told. */
  function predictions(probability: number, rightPart: number, count = 400) {
    const posts = Array.from({ length: count }, (_, i) => post(`t${i}`, i % 3));
    const random = randomFrom(5);
    const predicted = posts.map(({ label }) => {
      const said = random() < rightPart ? label : (label + 1) % 3;
      return Float64Array.from([0, 1, 2], (c) => (c === said ? probability : (1 - probability) / 2));
    });
    return { posts, predicted };
  }

  test('rises for a model that promises more than it keeps, until it does so no longer', () => {
    const { posts, predicted } = predictions(0.98, 0.7);
    const temperature = temperatureOf(posts, predicted, 0.9);
    expect(temperature).toBeGreaterThan(1.5);
    const said = Math.max(...heat(predicted[0] as Float64Array, temperature));
    expect(said).toBeGreaterThan(0.55);
    expect(said).toBeLessThan(0.8);
  });

  test('is higher the more a model promises', () => {
    const of = (probability: number) => {
      const { posts, predicted } = predictions(probability, 0.75);
      return temperatureOf(posts, predicted, 0.9);
    };
    expect(of(0.99)).toBeGreaterThan(of(0.9));
  });

  test('stays about 1 for a model that keeps what it promises', () => {
    const { posts, predicted } = predictions(0.95, 0.95);
    expect(temperatureOf(posts, predicted, 0.9)).toBeGreaterThan(0.7);
    expect(temperatureOf(posts, predicted, 0.9)).toBeLessThan(1.4);
  });

  test('looks at each source: one that is wrong too often is enough', () => {
    const good = predictions(0.97, 0.97, 900);
    const bad = predictions(0.97, 0.75, 60);
    const posts = [...good.posts, ...bad.posts.map((p) => ({ ...p, source: 'other' }))];
    const predicted = [...good.predicted, ...bad.predicted];
    expect(temperatureOf(posts, predicted, 0.9)).toBeGreaterThan(temperatureOf(good.posts, good.predicted, 0.9));
  });

  test('of 1 changes nothing, a higher one flattens, and the order stays', () => {
    const said = Float64Array.of(0.7, 0.2, 0.1);
    for (const [c, p] of heat(said, 1).entries()) expect(p).toBeCloseTo(said[c] ?? 0, 10);
    const flat = heat(said, 2);
    expect(flat[0]).toBeLessThan(0.7);
    expect([...flat].toSorted((a, b) => b - a)).toEqual([...flat]);
    expect(flat.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 10);
  });
});

describe('a file of weights', () => {
  const random = randomFrom(3);
  const features = Array.from({ length: 500 }, () => Math.trunc((random() - 0.5) * 2 ** 32) | 0);
  const trained: TrainedWeights = {
    name: 'toy',
    outputs: ['polarity', 'neutral'],
    bias: [0.25, -1.5],
    trainedOn: [{ name: 'toy', licence: 'none', posts: 7 }],
    features: [...new Set([...features, 0, -1, 2 ** 31 - 1, -(2 ** 31)])],
    values: [],
  };
  const values = trained.features.map(() => [(random() - 0.5) * 4, (random() - 0.5) * 0.02]);
  const file = writeWeights({ ...trained, values });
  const weights = readWeights(file);

  test('gives back every weight within half a step, and no other feature', () => {
    const { scales } = weights.header;
    for (const [i, feature] of trained.features.entries()) {
      const row = weights.row(feature);
      expect(row).toBeGreaterThanOrEqual(0);
      for (const [output, scale] of scales.entries()) {
        expect(Math.abs(weights.at(row, output) - (values[i]?.[output] ?? 0))).toBeLessThanOrEqual(scale / 2 + 1e-12);
        expect(Math.abs(weights.steps(row, output))).toBeLessThanOrEqual(127);
        expect(weights.at(row, output)).toBe(weights.steps(row, output) * scale);
      }
    }
    const known = new Set(trained.features);
    for (let feature = -5_000; feature < 5_000; feature += 1) {
      if (!known.has(feature)) expect(weights.row(feature)).toBe(-1);
    }
  });

  test('carries its header', () => {
    const { name, outputs, bias, trainedOn, count } = weights.header;
    expect({ name, outputs, bias, trainedOn, count }).toEqual({
      name: 'toy',
      outputs: ['polarity', 'neutral'],
      bias: [0.25, -1.5],
      trainedOn: trained.trainedOn,
      count: trained.features.length,
    });
  });

  test('is the same whatever the order of the features', () => {
    const order = shuffle(
      trained.features.map((_, i) => i),
      randomFrom(8),
    );
    const other = writeWeights({
      ...trained,
      features: order.map((i) => trained.features[i] ?? 0),
      values: order.map((i) => values[i] ?? []),
    });
    expect(Buffer.compare(other, file)).toBe(0);
  });

  test('may be a view into a larger buffer', () => {
    const larger = new Uint8Array(file.length + 3);
    larger.set(file, 3);
    const feature = trained.features[0] ?? 0;
    const read = readWeights(larger.subarray(3));
    expect(read.at(read.row(feature), 0)).toBe(weights.at(weights.row(feature), 0));
  });

  test('may hold nothing', () => {
    const none = readWeights(writeWeights({ ...trained, features: [], values: [] }));
    expect(none.row(0)).toBe(-1);
    expect(none.header.count).toBe(0);
  });

  test.each([
    ['cut by one byte', file.subarray(0, file.length - 1)],
    ['cut in half', file.subarray(0, file.length >> 1)],
    ['cut within its first line', file.subarray(0, 20)],
    ['empty', new Uint8Array(0)],
    ['with a byte too many', Uint8Array.from([...file, 0])],
    ['of another format', new TextEncoder().encode('{"format":9,"count":0,"outputs":[]}\n')],
    ['that is none', new TextEncoder().encode('feature\tweight\n1\t2\n')],
  ])('%s is refused', (_what, bytes) => {
    expect(() => readWeights(bytes)).toThrow();
  });

  test('that is cut tells what was expected', () => {
    expect(() => readWeights(file.subarray(0, file.length - 1))).toThrow(
      `weights toy: ${file.length - 1} bytes where ${file.length} were expected`,
    );
  });
});
