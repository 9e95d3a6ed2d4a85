/**
 * Which alerts are one event: several signals of one scope, or a topic's alert within a wider one. One of them speaks, the
 * others are named in its messages. Pure; workers/alerts/act.ts asks when an alert opens, under the lock of all actions.
 */
import type { RuleBody, Signal } from '../contracts/alerts.ts';

type ScopeFilter = RuleBody['scope'];

/** An open alert, as far as grouping looks at it. */
export interface Groupable {
  id: number;
  scopeId: number;
  filter: ScopeFilter;
  signal: Signal;
  mode: string;
  sample: boolean;
  parentId: number | null;
}

const FAMILY: Record<Signal, string> = {
  net_down: 'worse',
  negative_posts: 'worse',
  net_up: 'better',
  posts: 'volume',
  term: 'terms',
};

/**
 * Which open alert speaks for a new one, and for which the new one speaks. Same scope: the first that came speaks. Wider
 * scope: it speaks, whichever came first. More posts are no reason to hide that the mood falls: only like joins like.
 */
export function groupWith(alert: Groupable, open: readonly Groupable[]): { parent?: Groupable; children: Groupable[] } {
  const like = open.filter(
    (other) =>
      other.id !== alert.id &&
      other.parentId === null &&
      FAMILY[other.signal] === FAMILY[alert.signal] &&
      other.mode === alert.mode &&
      other.sample === alert.sample,
  );
  const above = like.filter((other) => other.scopeId === alert.scopeId || isWider(other.filter, alert.filter));
  const parent = above.toSorted((a, b) => size(a.filter) - size(b.filter) || a.id - b.id)[0];
  // What joined earlier joins the same parent: one level is all that a message can tell.
  const below = like.filter((other) => other.scopeId !== alert.scopeId && isWider(alert.filter, other.filter));
  return { ...(parent && { parent }), children: below.filter((other) => other.id !== parent?.id) };
}

/** True when every post of `narrow` is one of `wide`, and the two are not the same filter. */
export function isWider(wide: ScopeFilter, narrow: ScopeFilter): boolean {
  if (size(wide) > 0 && JSON.stringify(sorted(wide)) === JSON.stringify(sorted(narrow))) return false;
  // Reposts are left out unless asked for: without `kind`, a scope has none.
  if (wide.kind === undefined && narrow.kind?.includes('repost')) return false;
  return size(narrow) > 0 && (Object.keys(wide) as (keyof ScopeFilter)[]).every((key) => implied(wide, narrow, key));
}

/** A list of wanted values is implied by a shorter one, a list of unwanted values by a longer one. */
function implied(wide: ScopeFilter, narrow: ScopeFilter, key: keyof ScopeFilter): boolean {
  const outer: readonly unknown[] | undefined = wide[key];
  const inner: readonly unknown[] | undefined = narrow[key];
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  return key.endsWith('!')
    ? outer.every((value) => inner.includes(value))
    : inner.every((value) => outer.includes(value));
}

function size(filter: ScopeFilter): number {
  return Object.values(filter).filter((values) => values !== undefined).length;
}

function sorted(filter: ScopeFilter): [string, unknown][] {
  return Object.entries(filter)
    .map(([key, values]): [string, unknown] => [key, [...(values ?? [])].sort()])
    .filter(([, values]) => (values as unknown[]).length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
