/** Contract of /v1/sources and /v1/imports: where posts come from. */
import { z } from 'zod';
import { SourceNote } from '../collected.ts';

const Instant = z.iso.datetime({ offset: true });
const Name = z.string().trim().min(1).max(100);
const EveryMinutes = z.int().min(1).max(10_080);
const Keep = z.enum(['matching', 'all']).meta({ description: 'Keep only posts about a topic, or all' });

export const Source = z
  .object({
    id: z.int(),
    kind: z.string(),
    name: z.string(),
    site: z.string(),
    url: z.string().nullable(),
    keep: Keep,
    every_minutes: z.int().nullable().meta({ description: 'null: not polled (pushes, imports)' }),
    state: z.enum(['active', 'paused']),
    health: z
      .enum(['ok', 'failing', 'waiting', 'paused'])
      .meta({ description: 'waiting: has not run yet, or is not polled' }),
    sample: z.boolean(),
    created_at: Instant,
    last_run_at: Instant.nullable(),
    last_success_at: Instant.nullable(),
    next_run_at: Instant.nullable(),
    next_run_local: z.string().nullable().meta({ description: 'next_run_at on the wall clock of the reporting zone' }),
    failures: z.int().meta({ description: 'Failed runs since the last good one' }),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
    notes: z.array(SourceNote).meta({
      description:
        'What the last good run had to tell: cut_texts and empty_items (how many), broken_feed (what of it), moved (where to)',
    }),
    counts: z.record(z.string(), z.int()).meta({ description: 'Events by what became of them' }),
  })
  .meta({ id: 'Source' });
export type Source = z.infer<typeof Source>;
export const SourceList = z.object({ zone: z.string(), sources: z.array(Source) }).meta({ id: 'SourceList' });

export const NewSourceBody = z
  .strictObject({
    kind: z.literal('feed').default('feed'),
    url: z.url({ protocol: /^https?$/ }).max(2_048),
    name: Name.optional().meta({ description: 'The host of the address by default' }),
    every_minutes: EveryMinutes.default(30),
    keep: Keep.default('matching'),
  })
  .meta({ id: 'NewSource' });

export const SourcePatchBody = z
  .strictObject({
    name: Name.optional(),
    state: z.enum(['active', 'paused']).optional(),
    every_minutes: EveryMinutes.optional(),
    keep: Keep.optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'nothing to change')
  .meta({ id: 'SourcePatch' });

/** An id in a path. What is no id names nothing: the answer is 404. */
export const IdParams = z.strictObject({ id: z.string().regex(/^[1-9]\d{0,14}$/) });

export const RunAnswer = z.object({ source: z.int(), queued: z.literal(true) });

export const Import = z
  .object({
    id: z.int(),
    source: z.object({ id: z.int(), name: z.string() }),
    file_name: z.string(),
    bytes: z.int(),
    bytes_read: z.int(),
    state: z.enum(['reading', 'read', 'done', 'undone']),
    rows_read: z.int(),
    rows_invalid: z.int(),
    errors: z
      .array(z.object({ line: z.int(), detail: z.string() }))
      .meta({ description: 'The first rows that could not be read, and why' }),
    chunks_waiting: z.int().meta({ description: 'Parts of the file that wait to be analysed' }),
    counts: z
      .record(z.string(), z.int())
      .meta({ description: 'Rows by what became of them, of the chunks done so far' }),
    created_at: Instant,
    finished_at: Instant.nullable(),
  })
  .meta({ id: 'Import' });
export type Import = z.infer<typeof Import>;
export const ImportsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const ImportList = z.object({ imports: z.array(Import) }).meta({ id: 'ImportList' });
export const UndoAnswer = z.object({
  removed: z.int().meta({ description: 'Posts taken out' }),
  kept: z.int().meta({ description: 'Posts that stay, since another source or import saw them too' }),
});
