/**
 * Analyses posts from the command line.
 * `npm run --silent analyse < posts.ndjson` reads one {"id","text"} a line and writes one result a line, in order.
 * `npm run --silent analyse -- --explain "TEXT"` shows one text readably.
 * A bad line is told on standard error with its number, and the rest goes on; the exit code stays 0.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { z } from 'zod';
import { expectShortLives } from '../../shared/heap.ts';
import { type Analyser, type AnalyserInput, createAnalyser } from '../../shared/nlp/analyse.ts';
import { explain } from './explain.ts';

const Line = z.object({ id: z.union([z.string(), z.number()]), text: z.string(), language: z.string().optional() });
/** Lines analysed together: results appear while the input still comes. */
const BATCH = 200;

expectShortLives();
const options = new Command('analyse')
  .description('Reads NDJSON lines {"id","text"} on standard input, writes one analysis a line.')
  .option('--explain <text>', 'show one text with the words that decided coloured')
  .parse()
  .opts<{ explain?: string }>();

const analyser = createAnalyser();
if (options.explain === undefined) await analyseLines(analyser);
else process.stdout.write(explain(options.explain, analyser));

async function analyseLines(analyser: Analyser): Promise<void> {
  // Whoever reads may stop early (`| head`): that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  let batch: z.infer<typeof Line>[] = [];
  let number = 0;
  const flush = async (): Promise<void> => {
    const lines = batch;
    batch = [];
    const inputs = lines.map(({ text, language }): AnalyserInput => ({ text, languageHint: language }));
    const results = analyser.analyse(inputs);
    const out = results.map((result, i) => `${JSON.stringify({ id: lines[i]?.id, ...result })}\n`).join('');
    if (out !== '' && !process.stdout.write(out)) await once(process.stdout, 'drain');
  };
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() === '') continue;
    const parsed = parseLine(number === 1 ? line.replace(/^\ufeff/, '') : line);
    if ('error' in parsed) process.stderr.write(`line ${number}: ${parsed.error}\n`);
    else batch.push(parsed);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
}

function parseLine(line: string): z.infer<typeof Line> | { error: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { error: 'not JSON' };
  }
  const parsed = Line.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  return {
    error: field === '' ? 'not an object with "id" and "text"' : `field "${field}": ${issue?.message ?? 'invalid'}`,
  };
}
