/**
 * How many distinct threads or authors used each term in a stretch of time: counting, packing into bytes, and looking terms
 * up in many packed windows. Terms are 32-bit hashes here, so that a stored window says nothing of a text that was deleted.
 * Called by workers/alerts/terms.ts; shared/store/termWindows.ts keeps the bytes. Pure; try it: tests/unit/alerts-terms.test.ts
 */

/** A post as it is counted. */
export interface TermPost {
  /** Thread, else author, else the post itself: what is counted once. */
  unit: string;
  author: string;
  /** Equal for copies of one text. */
  textKey: string;
  /** Of its terms, each once (hashTerm). */
  hashes: Uint32Array;
}

/** Terms by rising hash, with the number of units that used each. */
export interface TermCounts {
  hashes: Uint32Array;
  counts: Uint32Array;
  /** Sum of the counts: the volume that a term's count is a share of. */
  total: number;
}

/** 32 bits of a term: FNV-1a with the final mixing of MurmurHash3. Stored: a change makes all windows useless. */
export function hashTerm(term: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < term.length; i += 1) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The first of each text, in the order given: a text that is copied says its terms once. */
export function distinctTexts<P extends TermPost>(posts: readonly P[]): P[] {
  const seen = new Set<string>();
  return posts.filter(({ textKey }) => !seen.has(textKey) && seen.add(textKey));
}

const UNIT_BITS = 2 ** 20;

/** Counts each term once a unit; at most 2^20 posts. */
export function countTerms(posts: readonly TermPost[]): TermCounts {
  if (posts.length > UNIT_BITS) throw new RangeError(`${posts.length} posts are too many for a window`);
  const units = new Map<string, number>();
  const uses = new Float64Array(posts.reduce((sum, { hashes }) => sum + hashes.length, 0));
  let n = 0;
  for (const { unit, hashes } of posts) {
    const number = units.get(unit) ?? units.size;
    units.set(unit, number);
    for (const hash of hashes) uses[n++] = hash * UNIT_BITS + number;
  }
  uses.sort();
  const hashes = new Uint32Array(n);
  const counts = new Uint32Array(n);
  let [terms, total, last] = [0, 0, -1];
  for (const use of uses) {
    if (use === last) continue;
    last = use;
    const hash = Math.floor(use / UNIT_BITS);
    if (terms === 0 || hashes[terms - 1] !== hash) hashes[terms++] = hash;
    counts[terms - 1] = (counts[terms - 1] ?? 0) + 1;
    total += 1;
  }
  return { hashes: hashes.slice(0, terms), counts: counts.slice(0, terms), total };
}

/**
 * As bytes, about 3 a term: the total, then for each term the distance to the hash before it, doubled, plus one when a count
 * follows (else it is 1). All are whole numbers of 7 bits a byte, lowest first, the highest bit set when more follow.
 */
export function packCounts({ hashes, counts, total }: TermCounts): Uint8Array {
  const bytes = new Uint8Array(10 + hashes.length * 10);
  let at = 0;
  const put = (value: number) => {
    let rest = value;
    while (rest >= 128) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest;
  };
  put(total);
  let last = 0;
  hashes.forEach((hash, i) => {
    const count = counts[i] ?? 1;
    put((hash - last) * 2 + (count > 1 ? 1 : 0));
    if (count > 1) put(count);
    last = hash;
  });
  return bytes.slice(0, at);
}

/** What the windows of the baseline say of a set of terms. */
export interface Baseline {
  /** Of each window, oldest first. */
  totals: Float64Array;
  /** Of each term, one count a window: that of term t in window w stands at t × windows + w. */
  counts: Uint32Array;
}

/** Looks terms up in packed windows, oldest first. `hashes` must rise. Reads each byte once: 3 million terms in 40 ms. */
export function lookUp(windows: readonly Uint8Array[], hashes: Uint32Array): Baseline {
  const baseline: Baseline = {
    totals: new Float64Array(windows.length),
    counts: new Uint32Array(windows.length * hashes.length),
  };
  windows.forEach((bytes, index) => {
    baseline.totals[index] = readWindow(bytes, hashes, baseline.counts, { index, windows: windows.length });
  });
  return baseline;
}

/** Reads one window and returns its total. Written out, without a function for each number: it meets millions. */
function readWindow(
  bytes: Uint8Array,
  hashes: Uint32Array,
  counts: Uint32Array,
  { index, windows }: { index: number; windows: number },
): number {
  let [total, hash, term] = [-1, 0, 0];
  let [at, isCount] = [0, false];
  while (at < bytes.length) {
    let byte = bytes[at++] as number;
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = bytes[at++] as number;
      value += shift < 28 ? (byte & 127) << shift : (byte & 127) * 2 ** shift;
    }
    if (total < 0) {
      total = value;
      continue;
    }
    let count = 1;
    if (isCount) count = value;
    else hash += value % 2 === 1 ? (value - 1) / 2 : value / 2;
    isCount = !isCount && value % 2 === 1;
    if (isCount) continue;
    while ((hashes[term] as number) < hash) term += 1;
    if (term === hashes.length) break;
    if (hashes[term] === hash) counts[term * windows + index] = count;
  }
  return Math.max(total, 0);
}
