/** Prints rows as aligned columns for people. Used by the CLI's list commands. */

function cell(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (value instanceof Date) return value.toISOString().replace('T', ' ').slice(0, 16);
  if (Array.isArray(value)) return value.join(' ');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([key, v]) => `${key} ${v}`)
      .join(', ');
  return String(value);
}

/** Writes a table of the named columns to standard output; says so when there is nothing. */
export function printTable(rows: readonly object[], columns: readonly string[]): void {
  if (rows.length === 0) {
    process.stdout.write('none\n');
    return;
  }
  const lines = [
    columns.map((c) => c.replaceAll('_', ' ')),
    ...rows.map((row) => columns.map((c) => cell((row as Record<string, unknown>)[c]))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  for (const line of lines)
    process.stdout.write(
      `${line
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
