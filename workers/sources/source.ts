/**
 * What every source looks like to the rest of Sada: something that yields pages of events, each with the cursor from
 * which to go on once the page is stored. One site is one file beside this one; schedule, retry, politeness, cursor,
 * dedupe, counts and ledger are written once in workers/collect.ts, never in a source.
 */
import type { ZodType } from 'zod';
import type { CollectedEvent, SourceNote } from '../../shared/contracts/collected.ts';
import type { Fetcher } from '../fetch/fetcher.ts';

export interface Page<Cursor> {
  events: CollectedEvent[];
  /** Where to go on after this page. Stored in the transaction of its posts, so it can never run ahead of them. */
  cursor: Cursor;
  /** Nothing more is expected before this many milliseconds: the schedule adapts to it. */
  quietForMs?: number;
  /**
   * A stretch of time whose posts could not be had, with the reason as a code. One that lasts until now says that this
   * run did not see everything: no hour counts as collected by it.
   */
  gap?: { from: Date; to: Date; reason: string };
  /** Items without any words, which are no events: counted as `empty` with the page. */
  empty?: number;
  /** For the operator, kept until the next good run. */
  notes?: SourceNote[];
}

export interface CollectInput<Settings, Cursor> {
  settings: Settings;
  /** null at the first run. */
  cursor: Cursor | null;
  /** The source's own site name, the first half of each post's identity. */
  site: string;
  fetch: Fetcher;
  /** Aborted when the slice is over or the process stops: finish the page, then return. */
  signal: AbortSignal;
  now: () => Date;
}

/** A poll's pages end; a stream's do not, and are cut into slices of at most 60 s by the caller. */
export interface Connector<Settings = unknown, Cursor = unknown> {
  kind: string;
  mode: 'poll' | 'stream';
  settings: ZodType<Settings>;
  /** A stored cursor that no longer fits is discarded, and the source starts afresh: identity prevents doubles. */
  cursor: ZodType<Cursor>;
  /** What the source can tell about the life of a post, shown to whoever adds it. */
  tells: { edits: boolean; deletes: boolean };
  /** The site part of the identity for given settings, used when a source is added. */
  siteOf(settings: Settings): string;
  /** Throws SourceError; anything else thrown is a defect of the connector. */
  collect(input: CollectInput<Settings, Cursor>): AsyncIterable<Page<Cursor>>;
}
