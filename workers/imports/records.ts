/**
 * Reads a file of a known layout record by record: the mapped fields of each, or what is wrong with it. The order and
 * number of records depend on the bytes and the layout alone, so that an interrupted import can skip what it has.
 * Called by imports/batches.ts.
 */
import { FieldReader, type FieldRecord } from './fields.ts';
import { parseLine, valueAt } from './json.ts';
import type { FileLayout } from './layout.ts';
import { type Line, readLines } from './lines.ts';

/** Values in the order of `layout.wanted`. */
export type RawRecord = { line: number; values: string[] } | { line: number; problem: string };

export interface RecordBatch {
  records: RawRecord[];
  /** Bytes of the file read so far. */
  bytesRead: number;
}

const TRUNCATED = '; the file ends here and may be truncated';

/** All records after the header. Rejects when the file cannot be read, or with the signal's reason. */
export async function* readRecords(layout: FileLayout, signal?: AbortSignal): AsyncGenerator<RecordBatch> {
  const toRecords = layout.fields ? fieldsReader(layout, layout.fields) : jsonReader(layout);
  for await (const { lines, bytesRead } of readLines(layout.file, layout, signal)) {
    yield { records: toRecords(lines, false), bytesRead };
  }
  yield { records: toRecords([], true), bytesRead: layout.bytes };
}

type ToRecords = (lines: readonly Line[], atEnd: boolean) => RawRecord[];

function jsonReader(layout: FileLayout): ToRecords {
  return (lines) =>
    lines
      .filter((line) => line.problem !== undefined || line.text.trim() !== '')
      .map((line) => jsonRecord(line, layout));
}

function jsonRecord(line: Line, layout: FileLayout): RawRecord {
  if (line.problem !== undefined) return { line: line.number, problem: line.problem };
  const object = parseLine(line.text);
  if (!object) return { line: line.number, problem: `is not a JSON object${line.cut ? TRUNCATED : ''}` };
  const values: string[] = [];
  for (const { column } of layout.wanted) {
    const value = valueAt(object, column);
    if (value === undefined) return { line: line.number, problem: `${column}: is a list or an object, not a text` };
    values.push(value);
  }
  return { line: line.number, values };
}

function fieldsReader(layout: FileLayout, fields: NonNullable<FileLayout['fields']>): ToRecords {
  const reader = new FieldReader(fields, layout.columns.length);
  return (lines, atEnd) =>
    reader
      .push(lines, atEnd)
      .filter((record) => record.line > layout.headerLine)
      .map((record) => fieldRecord(record, layout));
}

function fieldRecord(record: FieldRecord, layout: FileLayout): RawRecord {
  if ('problem' in record) return record;
  const { line, cells } = record;
  const expected = layout.columns.length;
  const surplus = cells.length > expected && cells.slice(expected).some((cell) => cell.trim() !== '');
  if (cells.length < expected || surplus) {
    const found = `has ${cells.length} ${cells.length === 1 ? 'field' : 'fields'} where the header has ${expected}`;
    return { line, problem: `${found}${record.cut && cells.length < expected ? TRUNCATED : ''}` };
  }
  return { line, values: layout.wanted.map(({ index }) => cells[index] ?? '') };
}
