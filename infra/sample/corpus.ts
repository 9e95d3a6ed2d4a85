/**
 * Reads the sample's lines and slots: posts.CODE.tsv and slots.CODE.tsv beside this file, one pair a language variety.
 * infra/sample/load.ts reads them once and hands them to generate.ts. Plain TSV: a quotation mark is a letter like others.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { TOPIC_CODES } from '../../shared/contracts/words.ts';

/** The varieties and their shares of all posts. */
export const VARIETIES = { fr: 0.32, ary: 0.2, ar: 0.18, 'ary-Latn': 0.16, en: 0.09, es: 0.05 } as const;
export type Variety = keyof typeof VARIETIES;
export const VARIETY_CODES = Object.keys(VARIETIES) as Variety[];

const LineFields = z.object({
  label: z.enum(['negative', 'neutral', 'positive']),
  topic: z.enum(TOPIC_CODES),
  /** `crisis` and `recovery` belong to the story of the last week, `any` to all times. */
  phase: z.enum(['any', 'crisis', 'recovery']),
  kind: z.enum(['post', 'comment', 'article']),
  text: z.string().min(1),
});

/** A line that somebody wrote, with {slots} still to fill. The label is the writer's; it is never stored. */
export type Line = z.infer<typeof LineFields> & { variety: Variety; index: number };

export interface Pack {
  variety: Variety;
  lines: Line[];
  /** Values by slot; `opener` and `closer_*` go around posts and comments. */
  slots: ReadonlyMap<string, readonly string[]>;
}

export type Corpus = Record<Variety, Pack>;

/** Reads all six varieties. Throws an Error that names the file and the line that is wrong. */
export function loadCorpus(folder: URL = new URL('./', import.meta.url)): Corpus {
  return Object.fromEntries(VARIETY_CODES.map((variety) => [variety, loadPack(folder, variety)])) as Corpus;
}

function loadPack(folder: URL, variety: Variety): Pack {
  const slots = new Map<string, string[]>();
  for (const { cells, where } of readTsv(folder, `slots.${variety}.tsv`)) {
    const [slot, value] = cells;
    if (!slot || !value || cells.length !== 2) throw new Error(`${where}: two columns expected, slot and value`);
    slots.set(slot, [...(slots.get(slot) ?? []), value]);
  }
  const lines = readTsv(folder, `posts.${variety}.tsv`).map(({ cells, where }, index): Line => {
    const [label, topic, phase, kind, text] = cells;
    const parsed = LineFields.safeParse({ label, topic, phase, kind, text });
    if (!parsed.success || cells.length !== 5)
      throw new Error(`${where}: ${parsed.error?.issues[0]?.path.join('.') ?? 'five columns expected'}`);
    for (const slot of slotsOf(parsed.data.text)) {
      if (!slots.has(slot)) throw new Error(`${where}: no values for {${slot}}`);
    }
    return { ...parsed.data, variety, index };
  });
  return { variety, lines, slots };
}

/** Names of the slots in a line, each as often as it stands there. */
export function slotsOf(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].flatMap((match) => match[1] ?? []);
}

function readTsv(folder: URL, name: string): { cells: string[]; where: string }[] {
  return readFileSync(new URL(name, folder), 'utf8')
    .split(/\r?\n/)
    .flatMap((line, index) =>
      index === 0 || line === '' ? [] : [{ cells: line.split('\t'), where: `${name} line ${index + 1}` }],
    );
}
