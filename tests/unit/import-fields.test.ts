/** Records and fields: quotes over lines, quotes that lie, and what one bad line costs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FieldLayout, FieldReader, type FieldRecord } from '../../workers/imports/fields.ts';

const CSV: FieldLayout = { delimiter: ',', escape: '"' };
const TSV: FieldLayout = { delimiter: '\t', escape: '"' };

function read(text: string, layout = CSV, columns?: number): FieldRecord[] {
  const lines = text.split('\n').map((line, index) => ({ number: index + 1, text: line }));
  return new FieldReader(layout, columns).push(lines, true);
}

describe('CSV', () => {
  test('quoted fields hold delimiters, quotes and line breaks, and a record is named by its first line', () => {
    expect(read('a,b\n1,"x, ""y""\nz"\n2,w')).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['1', 'x, "y"\nz'] },
      { line: 4, cells: ['2', 'w'] },
    ]);
  });

  test('a quote that is never closed costs its own line only, and is named by it', () => {
    const records = read('a,b\n1,"open\n2,x\n3,y');
    expect(records).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, problem: expect.stringContaining('never closed') },
      { line: 3, cells: ['2', 'x'] },
      { line: 4, cells: ['3', 'y'] },
    ]);
  });

  test('a quote that would end in the opening quote of another field is one that was never closed', () => {
    expect(read('1,"open\n2,"x"\n3,"y"')).toEqual([
      { line: 1, problem: expect.stringContaining('never closed') },
      { line: 2, cells: ['2', 'x'] },
      { line: 3, cells: ['3', 'y'] },
    ]);
  });

  test('a never-closed quote far from the end of a large file is found without reading it all', () => {
    const reader = new FieldReader(CSV);
    const many = Array.from({ length: 20_000 }, (_, i) => ({ number: i + 2, text: `${i},${'x'.repeat(100)}` }));
    const first = reader.push([{ number: 1, text: '0,"open' }, ...many], false);
    expect(first[0]).toEqual({ line: 1, problem: expect.stringContaining('never closed') });
    expect(first).toHaveLength(20_001);
  });

  test.each([
    ['a quote within a field is text', '1,5" screen', ['1', '5" screen']],
    ['what follows a closing quote is text', '1,"a"b,c', ['1', '"a"b', 'c']],
    ['an empty quoted field is empty', '"",""', ['', '']],
  ])('%s', (_name, text, cells) => {
    expect(read(text)).toEqual([{ line: 1, cells }]);
  });

  test('backslashes escape quotes where the layout says so', () => {
    expect(read('1,"he said \\"hi, you\\""', { delimiter: ',', escape: '\\' })).toEqual([
      { line: 1, cells: ['1', 'he said "hi, you"'] },
    ]);
  });

  test('a line with a problem passes it on, even within quotes', () => {
    const records = new FieldReader(CSV).push(
      [
        { number: 1, text: '1,"open' },
        { number: 2, text: '', problem: 'holds a NUL character' },
        { number: 3, text: '3,c' },
      ],
      true,
    );
    expect(records).toEqual([
      { line: 1, problem: expect.stringContaining('never closed') },
      { line: 2, problem: 'holds a NUL character' },
      { line: 3, cells: ['3', 'c'] },
    ]);
  });

  test('whatever is written as CSV is read back, in however many pieces it comes', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'ص', "'", '\\') });
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 5 }), (rows, step) => {
        const text = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\n');
        const lines = text.split('\n').map((line, index) => ({ number: index + 1, text: line }));
        const reader = new FieldReader(CSV, 2);
        const records: FieldRecord[] = [];
        for (let at = 0; at < lines.length; at += step)
          records.push(...reader.push(lines.slice(at, at + step), at + step >= lines.length));
        expect(records.map((record) => ('cells' in record ? record.cells : record.problem))).toEqual(rows);
      }),
    );
  });
});

describe('TSV', () => {
  test('a quote that is part of the text stays one, when the line has all its fields', () => {
    expect(read('id\ttext\n1\t"Interview with\n2\tb "" c\n3\t"x" y', TSV, 2)).toEqual([
      { line: 1, cells: ['id', 'text'] },
      { line: 2, cells: ['1', '"Interview with'] },
      { line: 3, cells: ['2', 'b "" c'] },
      { line: 4, cells: ['3', '"x" y'] },
    ]);
  });

  test('quoted fields may hold tabs and line breaks all the same', () => {
    expect(read('id\ttext\n1\t"a\tb"\n2\t"first\nsecond"\n3\tc', TSV, 2)).toEqual([
      { line: 1, cells: ['id', 'text'] },
      { line: 2, cells: ['1', 'a\tb'] },
      { line: 3, cells: ['2', 'first\nsecond'] },
      { line: 5, cells: ['3', 'c'] },
    ]);
  });
});
