/**
 * Trained weights: a small file of features and what each speaks for, and the table they are looked up in.
 * Called by scorer.ts and language/; written by the training script (npm run train).
 *
 * The file: one line of JSON (WeightsHeader), a line break, `count` little-endian signed 32-bit feature numbers in
 * ascending order, then for each output `count` signed bytes. A weight is its byte times the output's scale.
 */

export interface WeightsHeader {
  readonly format: 1;
  /** What is scored: a language group, or `language` for the language itself. */
  readonly name: string;
  readonly outputs: readonly string[];
  readonly count: number;
  /** Value of a byte, one an output. */
  readonly scales: readonly number[];
  /** Added to each output. */
  readonly bias: readonly number[];
  /** Data the weights were trained on: name, licence, posts used. */
  readonly trainedOn: readonly { readonly name: string; readonly licence: string; readonly posts: number }[];
}

export interface Weights {
  readonly header: WeightsHeader;
  /** Row of a feature, or -1. */
  row(feature: number): number;
  /** The weight of a row for an output. */
  at(row: number, output: number): number;
  /** The same in units of the output's scale: a whole number from -127 to 127. */
  steps(row: number, output: number): number;
}

export interface TrainedWeights extends Omit<WeightsHeader, 'format' | 'count' | 'scales'> {
  readonly features: readonly number[];
  /** One row a feature, one number an output. */
  readonly values: readonly (readonly number[])[];
}

/** Rows are kept in 16 bits. */
const MOST_FEATURES = 65_000;

/** Reads a file of weights. @throws when the bytes are not such a file. */
export function readWeights(file: Uint8Array): Weights {
  const end = file.indexOf(10);
  const header = JSON.parse(new TextDecoder().decode(file.subarray(0, end))) as WeightsHeader;
  const { count, outputs } = header;
  const expected = end + 1 + count * (4 + outputs.length);
  if (header.format !== 1 || file.length !== expected || count > MOST_FEATURES) {
    throw new Error(`weights ${header.name}: ${file.length} bytes where ${expected} were expected`);
  }
  const data = new DataView(file.buffer, file.byteOffset + end + 1);
  const keys = new Int32Array(count);
  for (let i = 0; i < count; i += 1) keys[i] = data.getInt32(i * 4, true);
  const bytes = new Int8Array(file.buffer, file.byteOffset + end + 1 + count * 4, count * outputs.length);
  // By row: what a feature says stands together in memory.
  const values = new Int8Array(bytes.length);
  for (let o = 0; o < outputs.length; o += 1) {
    for (let i = 0; i < count; i += 1) values[i * outputs.length + o] = bytes[o * count + i] as number;
  }
  return new Table(header, keys, values);
}

const MAYBE_WORDS = 1 << 14;
/** The upper bits: the lower ones choose the slot. */
const bitOf = (feature: number): number => feature >>> 13;

/**
 * Open addressing over at least twice as many slots as keys: one or two looks a feature. Everything is kept small, since
 * five groups take turns in the processor's cache: that decides the speed.
 */
class Table implements Weights {
  readonly header: WeightsHeader;
  readonly #keys: Int32Array;
  /** Row + 1; 0 is empty. */
  readonly #slots: Uint16Array;
  readonly #mask: number;
  /** One bit for each feature that may be there: most features of a text are not. */
  readonly #maybe = new Uint32Array(MAYBE_WORDS);
  readonly #values: Int8Array;
  readonly #scales: Float64Array;
  readonly #width: number;

  constructor(header: WeightsHeader, keys: Int32Array, values: Int8Array) {
    let size = 4;
    while (size < keys.length * 2) size *= 2;
    this.header = header;
    this.#keys = keys;
    this.#values = values;
    this.#scales = Float64Array.from(header.scales);
    this.#width = header.outputs.length;
    this.#mask = size - 1;
    this.#slots = new Uint16Array(size);
    for (let row = 0; row < keys.length; row += 1) {
      const key = keys[row] as number;
      let slot = key & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = row + 1;
      const bit = bitOf(key);
      this.#maybe[bit >>> 5] = (this.#maybe[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  row(feature: number): number {
    const bit = bitOf(feature);
    if (((this.#maybe[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return -1;
    for (let slot = feature & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0 || this.#keys[row] === feature) return row;
    }
  }

  steps(row: number, output: number): number {
    return this.#values[row * this.#width + output] as number;
  }

  at(row: number, output: number): number {
    return (this.#values[row * this.#width + output] as number) * (this.#scales[output] as number);
  }
}

/** The bytes of a file of weights, each output quantised to -127..127 of its largest weight. */
export function writeWeights({ features, values, ...header }: TrainedWeights): Uint8Array {
  const order = features.map((_, i) => i).sort((a, b) => (features[a] ?? 0) - (features[b] ?? 0));
  const scales = header.outputs.map(
    (_, o) => values.reduce((most, row) => Math.max(most, Math.abs(row[o] ?? 0)), 1e-9) / 127,
  );
  const head = new TextEncoder().encode(
    `${JSON.stringify({ format: 1, count: features.length, scales, ...header } satisfies WeightsHeader)}\n`,
  );
  const file = new Uint8Array(head.length + features.length * (4 + scales.length));
  file.set(head);
  const data = new DataView(file.buffer, head.length);
  for (const [place, i] of order.entries()) {
    data.setInt32(place * 4, features[i] ?? 0, true);
    for (const [o, scale] of scales.entries()) {
      data.setInt8(features.length * (4 + o) + place, Math.round((values[i]?.[o] ?? 0) / scale));
    }
  }
  return file;
}
