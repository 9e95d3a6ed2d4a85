/**
 * Turns what a source said into rows to store, outside any transaction: cleans the text, analyses it, drops what the
 * source does not want. workers/ingest.ts calls it; nothing here touches the database.
 */
import { createHash } from 'node:crypto';
import type { Analysis } from '../shared/contracts/analysis.ts';
import { type CollectedEvent, type CollectedPost, EARLIEST_POST, MAX_TEXT } from '../shared/contracts/collected.ts';
import { PACK_TOPIC_IDS } from '../shared/contracts/words.ts';
import type { Analyser } from '../shared/nlp/analyse.ts';
import { textKey } from '../shared/nlp/textKey.ts';
import type { Pseudonym } from '../shared/pseudonym.ts';
import { INGEST_VERSION, type PostRow } from '../shared/store/posts.ts';

export interface PrepareDeps {
  analyser: Analyser;
  /** Ids of the topics that the analyser names by their codes; those of the packs by default. */
  topicIds?: ReadonlyMap<string, number>;
  pseudonym: Pseudonym;
  keepNames: boolean;
}

export interface Origin {
  sourceId: number;
  importId: number | null;
  keep: 'matching' | 'all';
}

/** An event ready for the store, or why it is dropped. */
export type Prepared =
  | { do: 'put'; edit: boolean; row: PostRow; event: CollectedEvent }
  | { do: 'delete'; site: string; external_id: string; event: CollectedEvent }
  | { do: 'delete_author'; site: string; authorKey: string; event: CollectedEvent }
  | { do: 'drop'; outcome: 'empty' | 'off_topic' };

/** Prepares a batch, in its order. The analyser sees all texts at once. */
export function prepare(deps: PrepareDeps, origin: Origin, events: readonly CollectedEvent[], now: Date): Prepared[] {
  const cleaned = events.map((event) =>
    event.type === 'post' || event.type === 'edit' ? cleanPost(event.post) : undefined,
  );
  const texts = cleaned.flatMap((post) => (post?.text ? [{ text: post.text, ...hint(post) }] : []));
  const analyses = deps.analyser.analyse(texts)[Symbol.iterator]();
  return events.map((event, index): Prepared => {
    if (event.type === 'delete') return { do: 'delete', site: event.site, external_id: event.external_id, event };
    if (event.type === 'delete_author') {
      return { do: 'delete_author', site: event.site, authorKey: deps.pseudonym(event.site, event.author), event };
    }
    const post = cleaned[index];
    if (!post?.text) return { do: 'drop', outcome: 'empty' };
    const analysis = analyses.next().value as Analysis;
    const edit = event.type === 'edit';
    // An edit of a kept post is kept even when its new text no longer matches: the site's word on it has changed.
    if (origin.keep === 'matching' && analysis.topics.length === 0 && !edit)
      return { do: 'drop', outcome: 'off_topic' };
    return { do: 'put', edit, row: toRow(deps, origin, post, analysis, now), event };
  });
}

function hint(post: CollectedPost): { languageHint?: string } {
  return post.language_hint ? { languageHint: post.language_hint } : {};
}

/** Postgres takes neither NUL nor lone surrogates, and a cut must not make one. */
export function cleanText(text: string): string {
  const whole = text.replaceAll('\u0000', '').toWellFormed().trim();
  return whole.length <= MAX_TEXT ? whole : whole.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}

function cleanPost(post: CollectedPost): CollectedPost {
  const clean = {
    ...post,
    site: cleanText(post.site),
    external_id: cleanText(post.external_id),
    text: cleanText(post.text),
  };
  for (const name of ['title', 'thread', 'author', 'author_name', 'vendor_sentiment', 'language_hint'] as const) {
    const value = clean[name];
    if (value !== undefined) clean[name] = cleanText(value);
  }
  return clean;
}

function toRow(deps: PrepareDeps, origin: Origin, post: CollectedPost, analysis: Analysis, now: Date): PostRow {
  return {
    site: post.site,
    external_id: post.external_id,
    kind: post.kind,
    source_id: origin.sourceId,
    import_id: origin.importId,
    published_at: publishedAt(post.published_at, now),
    edited_at: post.edited_at ? publishedAt(post.edited_at, now) : null,
    thread: post.thread ?? null,
    author_key: post.author ? deps.pseudonym(post.site, post.author) : null,
    author_name: deps.keepNames ? (post.author_name ?? null) : null,
    title: post.title ?? null,
    text: post.text,
    url: post.url ?? null,
    reach: post.reach ?? null,
    language_hint: post.language_hint ?? null,
    text_key: textKey(post.text),
    revision: 1,
    human_label: null,
    vendor_sentiment: post.vendor_sentiment ?? null,
    excluded_at: null,
    ingest_version: INGEST_VERSION,
    ...toAnalysed(analysis, deps.topicIds),
  };
}

/** What of a stored post comes from its analysis. */
export type Analysed = Pick<
  PostRow,
  | 'language'
  | 'model_label'
  | 'model_score'
  | 'probability'
  | 'model'
  | 'topics_version'
  | 'explanation'
  | 'topics'
  | 'entities'
>;

/** An analysis as it is stored. No topic has a person's label yet. */
export function toAnalysed(analysis: Analysis, topicIds = PACK_TOPIC_IDS): Analysed {
  return {
    language: analysis.language,
    model_label: analysis.label,
    model_score: analysis.score,
    probability: analysis.probability,
    model: analysis.model,
    topics_version: analysis.topics_version,
    explanation: analysis.explanation,
    topics: analysis.topics.flatMap((mention) => {
      const topic = topicIds.get(mention.topic);
      return topic ? [{ topic, model_label: mention.label, human_label: null, model_score: mention.score }] : [];
    }),
    entities: analysis.entities,
  };
}

/** A missing or absurd date becomes the time of collection, a future one is clamped to it: no post is ahead of its day. */
function publishedAt(given: string | undefined, now: Date): string {
  const at = given ? Date.parse(given) : Number.NaN;
  return new Date(at >= EARLIEST_POST && at <= now.getTime() ? at : now.getTime()).toISOString();
}

/** Proof of what a text was, for the record of an edit. */
export function contentHash(row: Pick<PostRow, 'title' | 'text'>): string {
  return createHash('sha256')
    .update(`${row.title ?? ''}\n${row.text}`)
    .digest('hex');
}
