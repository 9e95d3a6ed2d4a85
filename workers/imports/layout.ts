/**
 * Looks at the beginning of a file and finds out how to read all of it: format, delimiter, header, which column holds
 * what. Called by imports/records.ts' callers before reading. Try it: `await openLayout({ file: 'posts.csv' })`.
 */
import { basename } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { type FieldLayout, FieldReader, type FieldRecord } from './fields.ts';
import { readHead, refuseForeign, textLayoutOf } from './format.ts';
import { columnsOf, parseLine } from './json.ts';
import { type Line, splitLines, type TextLayout } from './lines.ts';
import {
  FIELDS,
  type Field,
  type Mapping,
  mapColumns,
  repeatedColumns,
  requireText,
  requireUnambiguous,
} from './mapping.ts';
import { visible } from './visible.ts';

export type ImportFormat = 'csv' | 'tsv' | 'ndjson';

export interface FileLayout extends TextLayout {
  file: string;
  bytes: number;
  mtimeMs: number;
  format: ImportFormat;
  /** Of CSV and TSV. */
  fields: FieldLayout | undefined;
  /** The line of the header; 0 when there is none. */
  headerLine: number;
  columns: string[];
  mapping: Mapping;
  /** Mapped fields in a fixed order, and the index of each one's column. */
  wanted: { field: Field; column: string; index: number }[];
}

/** Lines that decide on the delimiter. */
const SNIFFED_LINES = 200;
/** Exports put a few lines about themselves before the header. */
const HEADER_WITHIN = 20;
/** Repeated columns that are named. */
const MAX_REPEATED = 5;
const DELIMITERS = { csv: [',', ';', '|'], tsv: ['\t'], any: ['\t', ',', ';', '|'] } as const;

/** Throws AppError that says what is wrong with the file or the mapping, and what to do. */
export async function openLayout(options: {
  file: string;
  format?: ImportFormat;
  map?: Record<string, string>;
}): Promise<FileLayout> {
  const { file, map = {} } = options;
  const name = visible(basename(file));
  const head = await readHead(file);
  refuseForeign(name, head);
  const text = textLayoutOf(name, head);
  const lines = splitLines(head.bytes, text, head.whole);
  if (lines.length === 0)
    throw new AppError('invalid', `${name}: line 1 is longer than all of the first 256 kB; this is no file of posts`);
  const isJson = options.format ? options.format === 'ndjson' : firstText(lines).startsWith('{');
  const found = isJson ? jsonLayout(name, lines) : fieldLayout(name, lines, options.format, map);
  const mapping = mapColumns(name, found.columns, map);
  requireText(name, found.columns, mapping);
  requireUnambiguous(name, found.columns, mapping);
  const wanted = FIELDS.flatMap((field) => {
    const column = mapping[field];
    return column === undefined ? [] : [{ field, column, index: found.columns.indexOf(column) }];
  });
  return { file, bytes: head.size, mtimeMs: head.mtimeMs, ...text, ...found, mapping, wanted };
}

/** What a reader should know of how the file is read. */
export function notesOf({ headerLine, columns, mapping }: FileLayout): string[] {
  const notes: string[] = [];
  if (headerLine > 1) notes.push(`The header is taken to be line ${headerLine}; what is above it was left out.`);
  if (mapping.published_at === undefined)
    notes.push('No column holds a date: the posts count at the time of their import.');
  const repeated = repeatedColumns(columns);
  for (const { detail } of repeated.slice(0, MAX_REPEATED))
    notes.push(visible(`T${detail.slice(1)}; no field is read from it.`));
  if (repeated.length > MAX_REPEATED)
    notes.push(`${repeated.length - MAX_REPEATED} more columns appear more than once; no field is read from them.`);
  return notes;
}

function firstText(lines: readonly Line[]): string {
  return lines.find((line) => line.text.trim() !== '')?.text.trimStart() ?? '';
}

type Found = Pick<FileLayout, 'format' | 'fields' | 'headerLine' | 'columns'>;

function jsonLayout(name: string, lines: readonly Line[]): Found {
  const columns = new Set<string>();
  for (const line of lines) for (const column of columnsOf(parseLine(line.text) ?? {})) columns.add(column);
  if (columns.size === 0) {
    const line = lines.find(({ text }) => text.trim() !== '')?.number ?? 1;
    throw new AppError('invalid', `${name}: line ${line} is not a JSON object; NDJSON has one object on each line`);
  }
  return { format: 'ndjson', fields: undefined, headerLine: 0, columns: [...columns] };
}

function fieldLayout(
  name: string,
  lines: readonly Line[],
  format: ImportFormat | undefined,
  map: Record<string, string>,
): Found {
  const fields = sniff(lines, DELIMITERS[format === 'csv' || format === 'tsv' ? format : 'any'], format);
  const records = recordsOf(lines, fields).filter((record) => 'cells' in record);
  const header = findHeader(name, records.slice(0, HEADER_WITHIN), map) ?? records[0];
  if (!header) {
    const [first] = recordsOf(lines, fields);
    throw new AppError(
      'invalid',
      `${name}: line ${first?.line ?? 1} should name the columns, but ${first && 'problem' in first ? first.problem : 'is empty'}`,
    );
  }
  const columns = header.cells.map((cell) => cell.trim());
  return { format: fields.delimiter === '\t' ? 'tsv' : 'csv', fields, headerLine: header.line, columns };
}

/** The first row in which a text column is found. */
function findHeader<R extends { cells: string[] }>(
  name: string,
  records: readonly R[],
  map: Record<string, string>,
): R | undefined {
  return records.find(({ cells }) => {
    try {
      return (
        mapColumns(
          name,
          cells.map((cell) => cell.trim()),
          map,
        ).text !== undefined
      );
    } catch {
      return false; // a column of --map is not in this row; said of the first row when it is in none
    }
  });
}

function recordsOf(lines: readonly Line[], fields: FieldLayout): FieldRecord[] {
  const first = lines.find(({ text }) => text.includes(fields.delimiter));
  return new FieldReader(fields, first?.text.split(fields.delimiter).length).push(lines, true);
}

/** The delimiter that gives most rows the same number of fields, and of two such the one that gives more. */
function sniff(lines: readonly Line[], candidates: readonly string[], format: ImportFormat | undefined): FieldLayout {
  const sample = lines.slice(0, SNIFFED_LINES);
  const backslashed =
    sample.some(({ text }) => /[^\\]\\"[^,;|\t]/.test(text)) && !sample.some(({ text }) => /[^\\,;|\t]""/.test(text));
  const mark = backslashed ? '\\' : '"';
  let best = { score: 0, delimiter: format === 'csv' ? ',' : '\t' };
  for (const delimiter of candidates) {
    const counts = new Map<number, number>();
    const records = recordsOf(sample, { delimiter, escape: mark });
    for (const record of records)
      if ('cells' in record) counts.set(record.cells.length, (counts.get(record.cells.length) ?? 0) + 1);
    for (const [size, n] of counts) {
      const score = size > 1 ? (n / records.length) * Math.log2(size + 1) : 0;
      if (score > best.score) best = { score, delimiter };
    }
  }
  return { delimiter: best.delimiter, escape: mark };
}
