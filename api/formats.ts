/**
 * CSV and NDJSON, streamed. CSV opens in a spreadsheet as it is: UTF-8 with a byte order mark, and no cell that the
 * spreadsheet would run as a formula. api/route.ts chooses the format; routes give rows.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Request, Response } from 'express';
import { AppError } from '../shared/errors.ts';

export type Format = 'json' | 'csv' | 'ndjson';
export type TableRow = Record<string, unknown>;

export interface Table {
  columns: readonly string[];
  rows: Iterable<TableRow> | AsyncIterable<TableRow>;
}

export const MEDIA_TYPES: Record<Format, string> = {
  json: 'application/json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
};

/** The format of the answer: `?format=`, else the Accept header. Throws `not_acceptable`. */
export function negotiate(request: Request, asked: string | undefined, hasTable: boolean): Format {
  if (hasTable && (asked === 'csv' || asked === 'ndjson' || asked === 'json')) return asked;
  const formats: Format[] = hasTable ? ['json', 'csv', 'ndjson'] : ['json'];
  const type = request.accepts(formats.map((format) => MEDIA_TYPES[format]));
  const format = formats.find((one) => MEDIA_TYPES[one] === type);
  if (!format)
    throw new AppError('not_acceptable', `This address answers ${formats.map((one) => MEDIA_TYPES[one]).join(', ')}`);
  return format;
}

/** What a spreadsheet takes for the start of a formula, in full width too. */
const FORMULA = /^[\t\r\n ]*[=+\-@\t\r\n＝＋－＠]/;
/** A signed number or an offset of hours is harmless. */
const NUMBER = /^[+-]?\d+([.,:]\d+)?$/;

/** A text cell that a spreadsheet shows instead of running it. */
export function defuse(text: string): string {
  return FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
}

/** One row for a table: nested objects become columns (`previous_n`), intervals `_low` and `_high`, lists one cell. */
export function flatten(row: TableRow): TableRow {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, unknown][] => {
      if (Array.isArray(value))
        return name.endsWith('_ci')
          ? [
              [`${name}_low`, value[0]],
              [`${name}_high`, value[1]],
            ]
          : [[name, value.join(' ')]];
      if (typeof value !== 'object' || value === null) return [[name, value]];
      return Object.entries(flatten(value as TableRow)).map(([inner, leaf]) => [`${name}_${inner}`, leaf]);
    }),
  );
}

/** Streams a table. A reader that goes away ends it. */
export async function sendTable(
  response: Response,
  format: 'csv' | 'ndjson',
  fileName: string,
  table: Table,
): Promise<void> {
  response.type(`${MEDIA_TYPES[format]}; charset=utf-8`);
  response.setHeader('Content-Disposition', `attachment; filename="${fileName}.${format}"`);
  if (response.req.method === 'HEAD') return void response.end();
  try {
    if (format === 'csv') await pipeline(Readable.from(flat(table.rows)), toCsv(table.columns), response);
    else await pipeline(Readable.from(lines(table.rows)), response);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function toCsv(columns: readonly string[]) {
  return stringify({
    bom: true,
    header: true,
    columns: [...columns],
    record_delimiter: 'windows',
    cast: { string: defuse, boolean: (value) => String(value) },
  });
}

async function* flat(rows: Table['rows']): AsyncGenerator<TableRow> {
  for await (const row of rows) yield flatten(row);
}

async function* lines(rows: Table['rows']): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}
