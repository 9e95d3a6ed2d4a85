/**
 * Splits lines into records of fields, with quotes that may reach over lines. A quote that is never closed costs its own
 * line only: what it would have swallowed is read again. Called by imports/records.ts and imports/layout.ts.
 * Try it: `new FieldReader({ delimiter: ',', escape: '"' }).push([{ number: 1, text: 'a,"b"' }], true)`.
 */
import { parse } from 'csv-parse/sync';
import type { Line } from './lines.ts';

/** A quoted field that reaches further, in UTF-16 code units, counts as never closed. */
const MAX_RECORD_UNITS = 1_048_576;

export interface FieldLayout {
  delimiter: string;
  /** What stands before a quote within quotes: a quote, or a backslash. */
  escape: '"' | '\\';
}

/** A record, or what is wrong with it; `line` is where it begins, from 1. */
export type FieldRecord = { line: number; cells: string[]; cut?: boolean } | { line: number; problem: string };

export class FieldReader {
  readonly #layout: FieldLayout;
  /** Fields that each record should have; tells literal quotes in TSV from quoting ones. */
  readonly #columns: number | undefined;
  #queue: Line[] = [];

  constructor(layout: FieldLayout, columns?: number) {
    this.#layout = layout;
    this.#columns = columns;
  }

  /** Records that are complete with these lines; the rest is kept for the next call. `atEnd`: no more lines come. */
  push(lines: readonly Line[], atEnd: boolean): FieldRecord[] {
    this.#queue = this.#queue.concat(lines);
    const records: FieldRecord[] = [];
    let at = 0;
    while (at < this.#queue.length) {
      const next = this.#next(at, atEnd);
      if (!next) break;
      if (next.record) records.push(next.record);
      at += next.lines;
    }
    this.#queue = this.#queue.slice(at);
    return records;
  }

  /** The record that begins at a line of the queue and how many lines it takes; undefined when more lines are needed. */
  #next(at: number, atEnd: boolean): { lines: number; record?: FieldRecord } | undefined {
    const first = this.#queue[at];
    if (!first) return undefined;
    if (first.problem !== undefined) return { lines: 1, record: { line: first.number, problem: first.problem } };
    if (first.text.trim() === '') return { lines: 1 };
    const quoted = first.text.startsWith('"') || first.text.includes(`${this.#layout.delimiter}"`);
    if (!quoted) return { lines: 1, record: this.#literal(first) };
    const state = scanQuotes(first.text, this.#layout, false);
    if (this.#layout.delimiter === '\t' && state !== 'closed') {
      const literal = this.#isLiteral(at, atEnd, state);
      if (literal === undefined) return undefined;
      if (literal) return { lines: 1, record: this.#literal(first) };
    }
    if (state !== 'open') return { lines: 1, record: this.#quoted([first]) };
    return this.#multiLine(at, atEnd);
  }

  #multiLine(at: number, atEnd: boolean): { lines: number; record: FieldRecord } | undefined {
    const unclosed = {
      lines: 1,
      record: { line: this.#queue[at]?.number ?? 0, problem: 'a quote opens here and is never closed' },
    };
    let units = 0;
    for (let i = at; i < this.#queue.length; i++) {
      const line = this.#queue[i];
      if (!line || line.problem !== undefined) return unclosed;
      units += line.text.length + 1;
      if (units > MAX_RECORD_UNITS) return unclosed;
      const state = i === at ? 'open' : scanQuotes(line.text, this.#layout, true);
      if (state === 'broken') return unclosed; // it ends in the quote that opens another field
      if (state === 'closed') return { lines: i - at + 1, record: this.#quoted(this.#queue.slice(at, i + 1)) };
    }
    return atEnd ? unclosed : undefined;
  }

  /**
   * TSV often has quotes that are part of the text. A line that has all its fields is one record, unless its open quote
   * is followed by a line that could not be a record. undefined: the next line is needed to tell.
   */
  #isLiteral(at: number, atEnd: boolean, state: 'open' | 'broken'): boolean | undefined {
    const isRecord = (text: string) => this.#columns !== undefined && text.split('\t').length === this.#columns;
    if (!isRecord(this.#queue[at]?.text ?? '')) return false;
    if (state === 'broken') return true;
    const next = this.#queue[at + 1];
    if (!next) return atEnd ? true : undefined;
    return next.problem !== undefined || isRecord(next.text);
  }

  #literal(line: Line): FieldRecord {
    return { line: line.number, cells: line.text.split(this.#layout.delimiter), ...(line.cut ? { cut: true } : {}) };
  }

  #quoted(lines: readonly Line[]): FieldRecord {
    const line = lines[0]?.number ?? 0;
    try {
      const records = parse(lines.map(({ text }) => text).join('\n'), {
        delimiter: this.#layout.delimiter,
        escape: this.#layout.escape,
        record_delimiter: '\n',
        relax_quotes: true,
        relax_column_count: true,
      });
      const [cells] = records;
      if (records.length === 1 && cells) return { line, cells, ...(lines.at(-1)?.cut ? { cut: true } : {}) };
    } catch {
      // said below: csv-parse counts lines within this record, and may quote its text
    }
    return { line, problem: 'has quotes that do not pair' };
  }
}

/** Whether the quotes of a line pair. `broken`: something follows a closing quote that is no delimiter. */
function scanQuotes(text: string, layout: FieldLayout, openBefore: boolean): 'closed' | 'open' | 'broken' {
  let at = 0;
  let open = openBefore;
  let broken = false;
  for (;;) {
    if (!open) {
      if (text[at] !== '"') {
        const next = text.indexOf(layout.delimiter, at);
        if (next < 0) return broken ? 'broken' : 'closed';
        at = next + 1;
        continue;
      }
      at += 1;
    }
    const end = closingQuote(text, at, layout.escape);
    if (end < 0) return 'open';
    open = false;
    if (end + 1 >= text.length) return broken ? 'broken' : 'closed';
    if (text[end + 1] === layout.delimiter) at = end + 2;
    else {
      if (openBefore) return 'broken';
      broken = true; // what follows, up to the next delimiter, is read as if it were not quoted
      const next = text.indexOf(layout.delimiter, end + 1);
      if (next < 0) return 'broken';
      at = next + 1;
    }
  }
}

function closingQuote(text: string, from: number, mark: FieldLayout['escape']): number {
  let at = text.indexOf('"', from);
  while (at >= 0) {
    if (mark === '"') {
      if (text[at + 1] !== '"') return at;
      at = text.indexOf('"', at + 2);
    } else {
      let backslashes = 0;
      while (at - 1 - backslashes >= from && text[at - 1 - backslashes] === '\\') backslashes += 1;
      if (backslashes % 2 === 0) return at;
      at = text.indexOf('"', at + 1);
    }
  }
  return -1;
}
