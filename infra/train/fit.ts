/**
 * Fits a multinomial logistic regression on sparse features: stochastic gradient steps with per-feature rates (AdaGrad,
 * Duchi, Hazan & Singer 2011) and L2 regularisation; the result is the average over the later half of the epochs
 * (Polyak & Juditsky 1992). Called by crossValidate.ts; deterministic for a seed.
 */

export interface Example {
  /** Column of each feature, and its value. */
  readonly columns: Int32Array;
  readonly values: Float32Array;
  /** Class, from 0. */
  readonly label: number;
  /** How much the example counts; 1 on average. */
  readonly weight: number;
}

export interface FitOptions {
  readonly classes: number;
  readonly columns: number;
  readonly epochs: number;
  readonly rate: number;
  readonly l2: number;
  readonly seed: number;
}

export interface Fit {
  /** classes × columns. */
  readonly weights: Float32Array;
  readonly bias: Float64Array;
}

/** A fit, and the column of each feature. */
export interface Fitted {
  readonly model: Fit;
  readonly columns: ReadonlyMap<number, number>;
}

/** Numbers in [0, 1), the same for a seed (mulberry32, T. Ettinger, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

/** Probabilities of the classes, written into `out`. */
export function predict(
  fit: Fit,
  { columns, values }: Pick<Example, 'columns' | 'values'>,
  out: Float64Array,
): Float64Array {
  const classes = fit.bias.length;
  const width = fit.weights.length / classes;
  for (let c = 0; c < classes; c += 1) {
    let sum = fit.bias[c] as number;
    const base = c * width;
    for (let k = 0; k < columns.length; k += 1) {
      sum += (fit.weights[base + (columns[k] as number)] as number) * (values[k] as number);
    }
    out[c] = sum;
  }
  return softmax(out);
}

export function softmax(out: Float64Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of out) most = Math.max(most, value);
  let total = 0;
  for (let c = 0; c < out.length; c += 1) {
    out[c] = Math.exp((out[c] as number) - most);
    total += out[c] as number;
  }
  for (let c = 0; c < out.length; c += 1) out[c] = (out[c] as number) / total;
  return out;
}

/** Learns from examples; about 2 s for 10,000 posts of 300 features and 12 epochs. */
export function learn(examples: readonly Example[], options: FitOptions): Fit {
  const { classes, columns: width, epochs, rate, l2, seed } = options;
  const weights = new Float32Array(classes * width);
  const squares = new Float32Array(classes * width).fill(1e-3);
  const bias = new Float64Array(classes);
  const biasSquares = new Float64Array(classes).fill(1e-3);
  const random = randomFrom(seed);
  const order = examples.map((_, i) => i);
  const probabilities = new Float64Array(classes);
  const model: Fit = { weights, bias };
  const average: Fit = { weights: new Float32Array(weights.length), bias: new Float64Array(classes) };
  const averaged = Math.ceil(epochs / 2);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    shuffle(order, random);
    for (const i of order) {
      const example = examples[i] as Example;
      predict(model, example, probabilities);
      const { columns, values, label, weight } = example;
      for (let c = 0; c < classes; c += 1) {
        const error = ((probabilities[c] as number) - (c === label ? 1 : 0)) * weight;
        if (Math.abs(error) < 1e-4) continue;
        const base = c * width;
        for (let k = 0; k < columns.length; k += 1) {
          const at = base + (columns[k] as number);
          const gradient = error * (values[k] as number) + l2 * (weights[at] as number);
          const square = (squares[at] as number) + gradient * gradient;
          squares[at] = square;
          weights[at] = (weights[at] as number) - (rate * gradient) / Math.sqrt(square);
        }
        biasSquares[c] = (biasSquares[c] as number) + error * error;
        bias[c] = (bias[c] as number) - (rate * error) / Math.sqrt(biasSquares[c] as number);
      }
    }
    if (epoch < epochs - averaged) continue;
    for (let i = 0; i < weights.length; i += 1) {
      average.weights[i] = (average.weights[i] as number) + (weights[i] as number) / averaged;
    }
    for (let c = 0; c < classes; c += 1) average.bias[c] = (average.bias[c] as number) + (bias[c] as number) / averaged;
  }
  return average;
}
