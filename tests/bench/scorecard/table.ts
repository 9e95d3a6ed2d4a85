/**
 * Tables in Markdown. Pure. Called by document.ts.
 * Try it: npx vitest run --project unit tests/unit/scorecard.test.ts
 */

export type Cell = string | number;

/** What stands where there is no figure. */
export const NONE = '–';

/** The first column is text, the others are figures. @throws when a row has not as many cells as the head. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  for (const row of rows) {
    if (row.length !== head.length)
      throw new Error(`${row.length} cells under ${head.length} heads: ${row.join(', ')}`);
  }
  const line = (cells: readonly Cell[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), `|${head.map((_, n) => (n === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line)].join('\n');
}

const escapeCell = (cell: Cell): string => String(cell).replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** With one decimal; NONE for what is not a finite number. */
export const figure = (value: number | null | undefined, decimals = 1): string =>
  typeof value === 'number' && Number.isFinite(value) ? value.toFixed(decimals) : NONE;

/** A figure with its sign. */
export const signed = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value));

/** Figures of one column, the highest in bold; equal to what is printed, so ties are all bold. */
export function boldBest(values: readonly (number | undefined)[]): string[] {
  const cells = values.map((value) => figure(value));
  const best = Math.max(...cells.map(Number).filter(Number.isFinite));
  return cells.map((cell) => (Number(cell) === best ? `**${cell}**` : cell));
}

/** Rows by columns and back. */
export const transpose = <T>(rows: readonly (readonly T[])[]): T[][] =>
  (rows[0] ?? []).map((_, n) => rows.map((row) => row[n] as T));
