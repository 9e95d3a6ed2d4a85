/**
 * Who publishes the sample and where: six clearly named sample sources, and a long-tailed population of made-up authors.
 * infra/sample/day.ts asks for a place and an author; infra/sample/load.ts makes the sources.
 */
import type { Line, Variety } from './corpus.ts';
import { longTail, type Random } from './random.ts';

export const SAMPLE_SOURCES = [
  { site: 'sample.press.fr', name: 'Exemple · presse (fr)' },
  { site: 'sample.press.ar', name: 'Exemple · presse (ar)' },
  { site: 'sample.press.es-en', name: 'Exemple · presse en espagnol et anglais' },
  { site: 'sample.social', name: 'Exemple · réseaux sociaux' },
  { site: 'sample.forum', name: 'Exemple · forum étudiant' },
  { site: 'sample.comments', name: 'Exemple · commentaires d’articles' },
] as const;

export type SampleSite = (typeof SAMPLE_SOURCES)[number]['site'];

/** Authors of a variety; about 4,000 in all, counted at each site. */
const AUTHORS: Record<Variety, number> = { fr: 700, ary: 600, ar: 500, 'ary-Latn': 450, en: 250, es: 150 };
const NEWSROOM_SIZE = 12;

/** What students talk about among themselves. */
const FORUM_TOPICS = new Set<Line['topic']>(['education', 'jobs', 'ai', 'startups', 'cybersecurity']);

/** Where an article or a first post appears. */
export function placeOf(random: Random, line: Line): SampleSite {
  if (line.kind === 'article') return pressOf(line.variety);
  return FORUM_TOPICS.has(line.topic) && random() < 0.6 ? 'sample.forum' : 'sample.social';
}

/** Where an answer to something at `site` appears: below articles, or in the same place. */
export function answerPlaceOf(site: SampleSite): SampleSite {
  return site.startsWith('sample.press.') ? 'sample.comments' : site;
}

function pressOf(variety: Variety): SampleSite {
  if (variety === 'ar' || variety === 'ary') return 'sample.press.ar';
  return variety === 'en' || variety === 'es' ? 'sample.press.es-en' : 'sample.press.fr';
}

/** An author's id at a site. The first of a variety writes some 3 % of it, most write a few times in three months. */
export function authorOf(random: Random, site: SampleSite, variety: Variety): string {
  if (site.startsWith('sample.press.')) return `redaction-${1 + Math.floor(random() * NEWSROOM_SIZE)}`;
  return `${variety}-${1 + Math.floor(AUTHORS[variety] * random() ** 1.8)}`;
}

/** How many people a post reached, as a network would tell. */
export function reachOf(random: Random, kind: Line['kind']): number {
  return longTail(random, { article: 1_800, post: 60, comment: 8 }[kind], 1.3);
}
