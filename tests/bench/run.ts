/**
 * The benchmarks: `npm run bench -- [--only nlp,ingest,read,memory,start] [--quick]`. Prints one JSON object when all is done,
 * and progress on stderr. Ends with code 1 when a post is missing or counted wrongly, or a benchmark could not run;
 * never because something was slow: docs/bench.md says how to read the figures.
 */
import { parseArgs } from 'node:util';
import { describeMachine, measureNoise, round, timed } from './figures.ts';
import { benchIngest } from './ingest.ts';
import { benchMemory } from './memory.ts';
import { benchNlp } from './nlp.ts';
import { benchRead } from './read.ts';
import { closeAll, openStage, say } from './stage.ts';
import { benchStart } from './start.ts';

const FULL = {
  nlp: 1_000_000,
  ingest: 60_000,
  read: [1_000_000, 5_000_000],
  readRuns: 300,
  memory: 300_000,
  start: 3,
} as const;
const QUICK = {
  nlp: 60_000,
  ingest: 10_000,
  read: [100_000, 500_000],
  readRuns: 200,
  memory: 60_000,
  start: 3,
} as const;

const NAMES = ['nlp', 'ingest', 'read', 'memory', 'start'] as const;
type Name = (typeof NAMES)[number];

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const wanted = namesOf(values.only);
const sizes = values.quick ? QUICK : FULL;

const BENCHES: Record<Name, () => Promise<Record<string, unknown>>> = {
  nlp: () => benchNlp({ posts: sizes.nlp }),
  ingest: async () => benchIngest(await openStage(), sizes.ingest),
  read: async () => benchRead(await openStage(), sizes.read, sizes.readRuns),
  memory: async () => benchMemory(await openStage(), sizes.memory),
  start: () => benchStart(sizes.start),
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void closeAll().then(() => process.exit(130)));
}

const results: Partial<Record<Name, unknown>> = {};
const at = new Date().toISOString();
for (const name of wanted) results[name] = await runOne(name);
process.stdout.write(
  `${JSON.stringify({ at, quick: values.quick, machine: describeMachine(), results }, undefined, 2)}\n`,
);

function namesOf(only: string | undefined): readonly Name[] {
  if (only === undefined) return NAMES;
  const asked = only.split(',');
  const unknown = asked.filter((name) => !(NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  return NAMES.filter((name) => asked.includes(name));
}

/** Each on a server of its own, so that none finds what another left. */
async function runOne(name: Name): Promise<unknown> {
  say(`${name}…`);
  const noise = [measureNoise()];
  try {
    const { ms, result } = await timed(BENCHES[name]);
    noise.push(measureNoise());
    return { ok: true, tookSeconds: round(ms / 1_000), noise, ...result };
  } catch (error) {
    process.exitCode = 1;
    say(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await closeAll();
  }
}
