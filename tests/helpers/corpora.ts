/**
 * The public corpora that are kept beside the repository: real feeds, real posts. A checkout without them skips the tests
 * that need them. Called by tests/e2e/*.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DATA = new URL('../../../shared/data/', import.meta.url);

/** The path of a corpus, or undefined where it is not kept. */
export function corpus(path: string): string | undefined {
  const url = new URL(path, DATA);
  return existsSync(url) ? fileURLToPath(url) : undefined;
}

/** A test's title, which says why it is skipped where a corpus is missing. */
export function titleWith(title: string, ...paths: string[]): string {
  const missing = paths.filter((path) => corpus(path) === undefined);
  return missing.length === 0 ? title : `${title} (skipped: ../shared/data/${missing.join(', ')} is not there)`;
}

export interface FeedFile {
  name: string;
  bytes: Buffer;
  /** As a server would send them: the corpus notes them in lines that begin with `Header:`. */
  headers: Record<string, string>;
}

/** The files of a folder of feeds, by name. */
export function feedFiles(folder: string): FeedFile[] {
  const directory = corpus(`${folder}/`);
  if (!directory) return [];
  const names = readdirSync(directory).filter((name) => /\.\w+$/.test(name));
  return names.toSorted().map((name) => {
    const bytes = readFileSync(`${directory}/${name}`);
    const headers: Record<string, string> = {};
    for (const [, header, value] of bytes.toString('latin1').matchAll(/^Header:\s*([\w-]+):\s*([^\r\n]*)$/gm)) {
      if (header && value !== undefined) headers[header.toLowerCase()] = value.trim();
    }
    return { name, bytes, headers };
  });
}
