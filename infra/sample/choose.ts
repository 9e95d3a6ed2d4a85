/**
 * Chooses the line that somebody says next: topic and label by the mood of the hour, then one of the lines that fit, the
 * less said today the likelier. infra/sample/day.ts makes one chooser a day.
 */
import { type Corpus, type Line, VARIETY_CODES, type Variety } from './corpus.ts';
import { draw, pick, type Random, type Weighted, weighted } from './random.ts';
import type { Mood } from './story.ts';

/** `comment` answers something, `root` stands alone: a post or an article. */
type Role = 'root' | 'comment';
type Chooser = (variety: Variety, mood: Mood, role: Role) => Line;

/** Lines of one topic and label. */
interface Cell {
  topic: Line['topic'];
  label: Line['label'];
  lines: Line[];
}

const cellsOf = new WeakMap<Corpus, Map<string, Cell[]>>();

/** The cells of a corpus by variety, phase and role; grouped once. */
function cells(corpus: Corpus): Map<string, Cell[]> {
  const known = cellsOf.get(corpus);
  if (known) return known;
  const made = new Map<string, Cell[]>();
  for (const line of VARIETY_CODES.flatMap((variety) => corpus[variety].lines)) {
    const key = `${line.variety} ${line.phase} ${line.kind === 'comment' ? 'comment' : 'root'}`;
    const pool = made.get(key) ?? [];
    made.set(key, pool);
    const cell = pool.find((it) => it.topic === line.topic && it.label === line.label);
    if (cell) cell.lines.push(line);
    else pool.push({ topic: line.topic, label: line.label, lines: [line] });
  }
  cellsOf.set(corpus, made);
  return made;
}

/** A chooser with an empty memory. Throws when a variety has no line of every day in a role. */
export function createChooser(corpus: Corpus, random: Random): Chooser {
  const pools = cells(corpus);
  const said = new Map<Line, number>();
  const draws = new WeakMap<Mood, Map<string, Weighted<Cell>>>();
  const cellDraw = (key: string, mood: Mood): Weighted<Cell> => {
    const ofMood = draws.get(mood) ?? new Map<string, Weighted<Cell>>();
    draws.set(mood, ofMood);
    const made = ofMood.get(key) ?? weighted((pools.get(key) ?? []).map((it) => [it, weigh(it, mood)] as const));
    ofMood.set(key, made);
    return made;
  };
  return (variety, mood, role) => {
    const chance = random();
    const phase = chance < mood.crisis ? 'crisis' : chance < mood.crisis + mood.recovery ? 'recovery' : 'any';
    const cell =
      draw(random, cellDraw(`${variety} ${phase} ${role}`, mood)) ??
      draw(random, cellDraw(`${variety} any ${role}`, mood));
    if (!cell) throw new Error(`the sample has no ${role} line of every day in ${variety}`);
    const [a, b] = [pick(random, cell.lines), pick(random, cell.lines)];
    const line = (said.get(a) ?? 0) <= (said.get(b) ?? 0) ? a : b;
    said.set(line, (said.get(line) ?? 0) + 1);
    return line;
  };
}

/** A cell with two lines should not carry as much as one with twenty: it would be heard all day. */
function weigh({ topic, label, lines }: Cell, mood: Mood): number {
  return mood.topics[topic] * mood.labels[label] * Math.min(1, 0.25 + lines.length / 8);
}
