/**
 * What is measured, and how: a tool says something of each post of a set, and the time is taken.
 * Called by run.ts with Sada (sada.ts) and each peer (peers.ts).
 */
import type { LabelledPost } from '../../../infra/train/data.ts';
import { randomFrom } from '../../../infra/train/fit.ts';
import { type Judged, type Measures, measure } from '../../../infra/train/measure.ts';
import { percentile } from '../figures.ts';
import type { DevSet } from './posts.ts';

/** What a tool says of a post. */
export interface Said {
  /** Place in LABELS; -1 when the tool says that it understood nothing. */
  readonly label: number;
  /** In [0, 1]; 0 where the tool gives none. */
  readonly probability: number;
  /** The language that the tool took the post for, where it tells one. */
  readonly language?: string;
}

export interface Tool {
  readonly name: string;
  /** Whether it can tell "neutral" from "nothing understood". */
  readonly tellsCoverage: boolean;
  /** Posts a set that it is given; all when absent. For tools that are too slow for more. */
  readonly mostPosts?: number;
  judge(post: LabelledPost): Said | Promise<Said>;
}

/** What a tool said of the posts of a set. */
export interface Result {
  readonly set: DevSet;
  readonly posts: readonly LabelledPost[];
  readonly said: readonly Said[];
  readonly ms: number;
  readonly measures: Measures;
}

/** Gives every set to a tool, once, after `warmUp`: other posts, so that nothing measured is in a cache. */
export async function measureTool(
  tool: Tool,
  sets: readonly DevSet[],
  warmUp: readonly LabelledPost[],
): Promise<Result[]> {
  for (const post of tool.mostPosts === undefined ? warmUp : onePerLanguage(warmUp)) await tool.judge(post);
  const results: Result[] = [];
  for (const set of sets) {
    const posts = set.posts.slice(0, tool.mostPosts);
    const said: Said[] = [];
    const begun = performance.now();
    for (const post of posts) {
      const answer = tool.judge(post);
      said.push(answer instanceof Promise ? await answer : answer);
    }
    const ms = performance.now() - begun;
    results.push({ set, posts, said, ms, measures: measure(toJudged(posts, said), 3) });
  }
  return results;
}

const onePerLanguage = (posts: readonly LabelledPost[]): LabelledPost[] => [
  ...new Map(posts.map((post) => [post.language, post])).values(),
];

export const toJudged = (posts: readonly LabelledPost[], said: readonly Said[]): Judged[] =>
  said.map(({ label, probability }, i) => ({ truth: posts[i]?.label ?? -1, predicted: label, probability }));

export interface Lead {
  /** Points of macro-F1. */
  readonly lead: number;
  /** Bounds of the middle 95 % of the leads over resampled posts. */
  readonly low: number;
  readonly high: number;
  readonly posts: number;
}

const RESAMPLES = 2_000;

/** By how much `ours` is ahead of `theirs` on the posts that both judged (a paired bootstrap, always the same). */
export function leadOver(ours: Result, theirs: Result): Lead {
  const posts = theirs.posts;
  const [a, b] = [toJudged(posts, ours.said.slice(0, posts.length)), toJudged(posts, theirs.said)];
  const random = randomFrom(17);
  const leads = Array.from({ length: RESAMPLES }, () => {
    const places = posts.map(() => Math.floor(random() * posts.length));
    return difference(
      places.map((i) => a[i] as Judged),
      places.map((i) => b[i] as Judged),
    );
  });
  return {
    lead: difference(a, b),
    low: percentile(leads, 0.025),
    high: percentile(leads, 0.975),
    posts: posts.length,
  };
}

const difference = (ours: readonly Judged[], theirs: readonly Judged[]): number =>
  measure(ours, 3).macroF1 - measure(theirs, 3).macroF1;
