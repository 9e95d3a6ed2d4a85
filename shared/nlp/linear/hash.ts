/**
 * Names of features as signed 32-bit numbers, which the engine keeps without boxing: what trained weights are keyed by.
 * Called by shared/nlp and by the training script, which must agree to the bit.
 * With 50,000 weights a feature that was never learned meets one by chance once in 85,000 times.
 */

/** What kind of feature a number stands for: the same word means different things in each. */
export const KIND = {
  word: 0x9e3779b1,
  negated: 0x85ebca77,
  pair: 0xc2b2ae3d,
  skip: 0x27d4eb2f,
  letters: 0x165667b1,
  stem: 0x5bd1e995,
  lexicon: 0x2545f491,
  shape: 0x1b873593,
  language: 0x38495ab5,
} as const;

/** FNV-1a over UTF-16 code units, from `from` to `to`. */
export function hashText(text: string, from = 0, to = text.length): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finaliser of MurmurHash3 (A. Appleby, public domain): spreads two numbers over all 32 bits. */
export function mix(a: number, b: number): number {
  let hash = a ^ Math.imul(b, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Two whole numbers of 16 bits in one. What is kept of each word must be small: a look at memory that is not in the
 * processor's cache takes as long as a hundred additions, and that decides the speed.
 */
export const pack = (high: number, low: number): number => (high << 16) | (low & 0xffff);
export const highOf = (packed: number): number => packed >> 16;
export const lowOf = (packed: number): number => (packed << 16) >> 16;

/** What hashRuns found: the hash of each run and its length. Written over by each call: a new word allocates nothing. */
export const RUNS = { hashes: new Int32Array(512), lengths: new Uint8Array(512), count: 0 };

let framed = new Uint16Array(128);

/**
 * Fills RUNS with the hash of every run of `shortest` to `longest` code units of a text framed by `^` and `$`, with its
 * length: what hashText gives for each, in one pass.
 */
export function hashRuns(text: string, shortest: number, longest: number): void {
  const size = text.length + 2;
  if (size > framed.length) framed = new Uint16Array(size * 2);
  if (size * longest > RUNS.hashes.length) {
    RUNS.hashes = new Int32Array(size * longest * 2);
    RUNS.lengths = new Uint8Array(size * longest * 2);
  }
  framed[0] = FIRST;
  for (let i = 0; i < text.length; i += 1) framed[i + 1] = text.charCodeAt(i);
  framed[size - 1] = LAST;
  const { hashes, lengths } = RUNS;
  let count = 0;
  for (let from = 0; from < size; from += 1) {
    let hash = 0x811c9dc5 | 0;
    const most = Math.min(longest, size - from);
    for (let length = 1; length <= most; length += 1) {
      hash = Math.imul(hash ^ (framed[from + length - 1] as number), 0x01000193);
      if (length < shortest) continue;
      hashes[count] = hash;
      lengths[count] = length;
      count += 1;
    }
  }
  RUNS.count = count;
}

const [FIRST, LAST] = [94, 36];
