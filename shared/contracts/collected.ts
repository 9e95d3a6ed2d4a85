/**
 * What a source hands over, before analysis: the events of a page and where to go on from.
 * Written by workers/sources/* and by POST /v1/posts; read by workers/ingest.ts.
 */
import { z } from 'zod';
import { PostKind, SourceNoteCode } from './words.ts';

/** Longest text kept of a post, in UTF-16 code units; what is beyond is cut at a code point and counted as cut. */
export const MAX_TEXT = 20_000;

/** No post is older, in ms: an earlier date is a mistake of whoever gave it, and every month opens a partition. */
export const EARLIEST_POST = Date.UTC(1990, 0, 1);

/** A post as its source tells it. `external_id` is the site's own id: identity is (site, external_id) and nothing else. */
export const CollectedPost = z.strictObject({
  site: z.string().trim().min(1).max(200),
  external_id: z.string().trim().min(1).max(512),
  kind: PostKind.default('post'),
  text: z.string().min(1),
  title: z.string().max(2_000).optional(),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .optional(),
  /** When the site says it was published. Missing: the time of collection. In the future: clamped to it. */
  published_at: z.iso.datetime({ offset: true }).optional(),
  /** When the site says it was last edited: an older edit never overwrites a newer one. */
  edited_at: z.iso.datetime({ offset: true }).optional(),
  /** The site's id of the conversation: comments and replies share their article's or first post's. */
  thread: z.string().max(512).optional(),
  /** The site's id of the author; only its keyed hash is stored. */
  author: z.string().max(512).optional(),
  /** Display name; dropped unless the installation is configured to keep names. */
  author_name: z.string().max(200).optional(),
  language_hint: z.string().max(35).optional(),
  reach: z.int().min(0).max(1e12).optional(),
  /** What another vendor said, kept apart for comparison: never mixed with Sada's own label. */
  vendor_sentiment: z.string().max(64).optional(),
});
export type CollectedPost = z.infer<typeof CollectedPost>;

/**
 * `post`: seen; a known identity changes nothing but who saw it. `edit`: seen, and its text may replace the known one.
 * `delete`: gone at the site; text and author are removed, a tombstone stays so that it never comes back.
 */
export const CollectedEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('post'), post: CollectedPost }),
  z.object({ type: z.literal('edit'), post: CollectedPost }),
  z.object({ type: z.literal('delete'), site: z.string(), external_id: z.string() }),
  /** Every post of an author is gone: the account was closed or taken down. */
  z.object({ type: z.literal('delete_author'), site: z.string(), author: z.string() }),
]);
export type CollectedEvent = z.infer<typeof CollectedEvent>;

/** Something that a visit has to tell the operator and that is no error. `detail`: how many, where to, or what of it. */
export const SourceNote = z.object({ code: SourceNoteCode, detail: z.string() });
export type SourceNote = z.infer<typeof SourceNote>;
