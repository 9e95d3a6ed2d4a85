/**
 * Chance that can be repeated: the same seed gives the same sample on every machine. infra/sample/* draws from it only.
 * Try it: node --import tsx -e "import('./infra/sample/random.ts').then(({ mulberry32: m }) => console.log(m(1)()))"
 */

/** The next number in [0, 1). */
export type Random = () => number;

/** Tommy Ettinger's mulberry32: 32 bits of state, good enough to look natural, the same everywhere. */
export function mulberry32(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed from words (FNV-1a): each day has its own, so that a day can be made without the days before it. */
export function seedOf(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of parts.join('\n')) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

/** One of the items, all alike. Throws RangeError when there is none. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** Items to draw by weight. */
export interface Weighted<T> {
  items: readonly T[];
  /** Running sum of the weights. */
  sums: readonly number[];
}

/** Prepares a draw by weight; what weighs nothing is left out. */
export function weighted<T>(pairs: Iterable<readonly [T, number]>): Weighted<T> {
  const items: T[] = [];
  const sums: number[] = [];
  let sum = 0;
  for (const [item, weight] of pairs) {
    if (!(weight > 0)) continue;
    sum += weight;
    items.push(item);
    sums.push(sum);
  }
  return { items, sums };
}

/** Draws by weight; undefined when nothing weighs anything. */
export function draw<T>(random: Random, { items, sums }: Weighted<T>): T | undefined {
  const wanted = random() * (sums.at(-1) ?? 0);
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return items[low];
}

/** A whole number that is `value` on average: 2.3 is 2 seven times of ten and 3 otherwise. */
export function wholeOf(random: Random, value: number): number {
  return Math.floor(value + random());
}

/** A number with a long tail: half of them below `median`, few of them many times as large. */
export function longTail(random: Random, median: number, spread: number): number {
  const bell = random() + random() + random() + random() - 2; // variance 1/3
  return Math.round(median * Math.exp(bell * spread * Math.sqrt(3)));
}
