/**
 * Turns the fields of a record into a post, or into one sentence about what is wrong with them that never quotes the
 * post. Called by imports/batches.ts, for a whole chunk at once, so that wall-clock times need one question to the zones.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { CollectedPost, MAX_TEXT } from '../../shared/contracts/collected.ts';
import type { PostKind } from '../../shared/contracts/words.ts';
import { type ReadDate, readDate } from './dates.ts';
import type { FileLayout } from './layout.ts';
import type { Field } from './mapping.ts';
import type { RawRecord } from './records.ts';
import { visible } from './visible.ts';

export interface RowOptions {
  /** The site of every post whose row names none; ids are that site's own then. */
  site?: string;
  kind?: PostKind;
  now: Date;
  /** Instants of wall-clock times; undefined when no zone was given. */
  instantsOf: ((locals: readonly string[]) => Promise<(Date | undefined)[]>) | undefined;
}

export interface LineError {
  /** Line of the file, from 1, on which the record begins. */
  line: number;
  /** `line N: <column>: <what is wrong>`; without the row's text. */
  detail: string;
}

export interface Rows {
  posts: CollectedPost[];
  invalid: LineError[];
}

/** Site of posts from files that name none. */
export const IMPORT_SITE = 'import';
/** Before this, a date is a default or a mistake. */
const OLDEST = Date.parse('1995-01-01T00:00:00Z');
/** `1.23E+18`: what a spreadsheet leaves of a long number. */
const ROUNDED_ID = /^-?\d+(?:[.,]\d+)?e\+\d+$|^-?\d[.,]\d+e\d+$/i;

type Fields = Partial<Record<Field, string>>;
type Draft = { line: number; fields: Fields; dates: Map<DateField, Date | string> };
type DateField = 'published_at' | 'edited_at';

/** A column and what is wrong with it; caught where the line is known. */
class RowProblem extends Error {
  constructor(column: string, detail: string) {
    super(`${column}: ${detail}`);
  }
}

/** Posts of valid records, in their order, and an error for each of the others. */
export async function toPosts(records: readonly RawRecord[], layout: FileLayout, options: RowOptions): Promise<Rows> {
  const invalid: LineError[] = [];
  const refuse = (line: number, problem: string) =>
    void invalid.push({ line, detail: visible(`line ${line}: ${problem}`) });
  const attempt = <T>(line: number, work: () => T): T[] => {
    try {
      return [work()];
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      refuse(line, error.message);
      return [];
    }
  };
  const drafts = records.flatMap((record) => {
    if ('values' in record) return attempt(record.line, () => toDraft(record.line, record.values, layout, options));
    refuse(record.line, record.problem);
    return [];
  });
  await settleLocalTimes(drafts, options);
  const posts = drafts.flatMap((draft) => attempt(draft.line, () => toPost(draft, layout, options)));
  return { posts, invalid: invalid.toSorted((a, b) => a.line - b.line) };
}

function toDraft(line: number, values: readonly string[], layout: FileLayout, options: RowOptions): Draft {
  const fields: Fields = {};
  layout.wanted.forEach(({ field, column }, index) => {
    const value = (values[index] ?? '').toWellFormed();
    if (value.includes('\u0000')) throw new RowProblem(column, 'holds a NUL character');
    if (value.trim() !== '') fields[field] = field === 'text' ? value : value.trim();
  });
  const column = columnNames(layout);
  if (fields.text === undefined) throw new RowProblem(column('text'), 'is empty');
  if (fields.external_id && ROUNDED_ID.test(fields.external_id)) {
    throw new RowProblem(column('external_id'), 'was rounded by a spreadsheet (like 1.23E+18); export the ids as text');
  }
  const dates = new Map<DateField, Date | string>();
  for (const field of ['published_at', 'edited_at'] as const) {
    const written = fields[field];
    if (written !== undefined) dates.set(field, dateOf(readDate(written), column(field), options));
  }
  return { line, fields, dates };
}

/** An instant, or a wall-clock time that waits for its zone. */
function dateOf(read: ReadDate, column: string, options: RowOptions): Date | string {
  if ('problem' in read) throw new RowProblem(column, read.problem);
  if ('at' in read) return read.at;
  if (!options.instantsOf)
    throw new RowProblem(column, 'has no time zone; say which it is in with --zone (such as --zone Africa/Casablanca)');
  return read.local;
}

async function settleLocalTimes(drafts: readonly Draft[], options: RowOptions): Promise<void> {
  const waiting = drafts.flatMap(({ dates }) =>
    [...dates].flatMap(([field, date]) => (typeof date === 'string' ? [{ dates, field, date }] : [])),
  );
  if (waiting.length === 0 || !options.instantsOf) return;
  const instants = await options.instantsOf(waiting.map(({ date }) => date));
  waiting.forEach(({ dates, field }, index) => {
    const at = instants[index];
    if (!at) throw new Error('a wall-clock time has no instant although its zone is known');
    dates.set(field, at);
  });
}

function toPost({ fields, dates }: Draft, layout: FileLayout, options: RowOptions): CollectedPost {
  const column = columnNames(layout);
  const instant = (field: DateField) => {
    const at = dates.get(field);
    if (!(at instanceof Date)) return undefined;
    if (at > options.now) throw new RowProblem(column(field), 'lies in the future');
    if (at.getTime() < OLDEST) throw new RowProblem(column(field), 'lies before 1995');
    return at.toISOString();
  };
  const published = instant('published_at');
  const edited = instant('edited_at');
  const { reach, external_id: _, published_at: __, edited_at: ___, ...texts } = fields;
  const candidate = {
    ...(options.kind ? { kind: options.kind } : {}),
    ...texts,
    ...identity(fields, published, options.site),
    text: cut(fields.text ?? ''),
    ...(published ? { published_at: published } : {}),
    ...(edited ? { edited_at: edited } : {}),
    ...(reach !== undefined ? { reach: wholeNumber(reach) } : {}),
  };
  const parsed = CollectedPost.safeParse(candidate);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RowProblem(column(String(issue?.path[0] ?? 'text') as Field), issue ? sentence(issue) : 'is wrong');
}

/**
 * With a site, an id is the site's own. Without one, ids of different files could be the same by chance: the text is
 * made part of the id. Without an id, date, author and text tell posts apart.
 */
function identity(
  fields: Fields,
  published: string | undefined,
  site: string | undefined,
): { site: string; external_id: string } {
  const named = fields.site ?? site;
  const id = fields.external_id;
  const text = fields.text ?? '';
  if (id === undefined)
    return {
      site: named ?? IMPORT_SITE,
      external_id: sha256(`${published ?? ''}|${fields.author ?? ''}|${text}`).slice(0, 24),
    };
  return named !== undefined
    ? { site: named, external_id: id }
    : { site: IMPORT_SITE, external_id: `${id}:${sha256(text).slice(0, 12)}` };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** At a code point, so that no half of a pair stays. */
function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}

/** `1,234`, `1 234` and `1234.0` are 1234; what is no number is left for the schema to refuse. */
function wholeNumber(written: string): number {
  return /^\d{1,3}([ ,.\u00a0\u202f']\d{3})+$/.test(written)
    ? Number(written.replace(/\D/g, ''))
    : Math.round(Number(written));
}

function columnNames(layout: FileLayout): (field: Field) => string {
  return (field) => layout.mapping[field] ?? field;
}

/** In words for people, and never with the value: zod quotes some. */
function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big')
    return issue.origin === 'string' ? `is longer than ${issue.maximum} characters` : `is above ${issue.maximum}`;
  if (issue.code === 'too_small') return issue.origin === 'string' ? 'is empty' : `is below ${issue.minimum}`;
  if (issue.code === 'invalid_format')
    return issue.format === 'url' ? 'is not an http or https address' : 'is not in the right form';
  if (issue.code === 'invalid_value') return `is none of ${issue.values.join(', ')}`;
  return issue.code === 'invalid_type' ? `is not a ${issue.expected}` : 'is wrong';
}
