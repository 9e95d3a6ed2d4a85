/**
 * Reads the tables of the language packs. Called by whatever needs a pack, once, when an analyser is made.
 * Try it: node --import tsx -e "import('./shared/nlp/packs/read.ts').then((p) => console.log(p.readTable('fr/rules.tsv')))"
 */
import { existsSync, readFileSync } from 'node:fs';

/** What was read, by path, line ends made the same: the content that a version is made of. */
const contents = new Map<string, string>();

const urlOf = (path: string): URL => new URL(`./${path}`, import.meta.url);

/** Text of a file below packs/. */
export function readPack(path: string): string {
  const text = contents.get(path) ?? readFileSync(urlOf(path), 'utf8').replaceAll('\r\n', '\n');
  contents.set(path, text);
  return text;
}

export const hasPack = (path: string): boolean => existsSync(urlOf(path));

/** Bytes of a file below packs/. */
export const readPackBytes = (path: string): Uint8Array => readFileSync(urlOf(path));

/**
 * Rows of a table with a header line; empty lines and lines that start with `#` and a space are comments.
 * Columns that are missing at the end of a line are empty.
 */
export function readTable<Column extends string>(path: string): Record<Column, string>[] {
  const [header = '', ...lines] = readPack(path).split('\n');
  const columns = header.split('\t') as Column[];
  return lines
    .filter((line) => line !== '' && !/^#(?: |$)/.test(line))
    .map((line) => {
      const cells = line.split('\t');
      return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ''])) as Record<Column, string>;
    });
}
