/**
 * Measures Sada and its JavaScript peers, writes docs/scorecard.md and the table in README.md: `npm run scorecard -- --data DIR [--out FILE] [--sample N]`.
 * Installs the peers in this folder first when they are not there. `--sample`: posts a set for peers that are very slow (60).
 * Takes three to ten minutes; progress is on stderr.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine, measureNoise } from '../figures.ts';
import { readCrossValidation } from './crossValidation.ts';
import { intoReadme, type Scorecard, toDocument } from './document.ts';
import { ensurePeers, pinnedVersions } from './install.ts';
import { heldOutDetection, languageMatrix } from './languages.ts';
import { createPeers } from './peers.ts';
import {
  countKnown,
  type DevSet,
  type LanguageData,
  readDevSets,
  readLanguageData,
  someOfEach,
  trainingKeys,
} from './posts.ts';
import { createSada } from './sada.ts';
import { measureTool, type Result } from './tool.ts';

const DOCS = new URL('../../../docs/', import.meta.url);
/** A language. Words are kept once seen, by more than one tool: a process that has run for a minute knows many. */
const WARM_UP_POSTS = 2_000;

const { values } = parseArgs({
  options: { data: { type: 'string' }, out: { type: 'string' }, sample: { type: 'string', default: '60' } },
});
if (values.data === undefined) throw new Error('--data DIR is missing: the folder with the public sets');
const sample = Number(values.sample);
if (!(Number.isInteger(sample) && sample > 0)) throw new Error(`--sample ${values.sample}: not a number of posts`);
const out = values.out ?? fileURLToPath(new URL('scorecard.md', DOCS));
const card = await measureAll(values.data);
writeFileSync(out, toDocument(card));
say(`${out} written`);
if (values.out === undefined) {
  const readme = fileURLToPath(new URL('../README.md', DOCS));
  writeFileSync(readme, intoReadme(readFileSync(readme, 'utf8'), card));
  say(`${readme} has its table`);
}

function say(line: string): void {
  process.stderr.write(`scorecard: ${line}\n`);
}

async function measureAll(dataFolder: string): Promise<Scorecard> {
  await ensurePeers();
  const { sets, missing } = readDevSets(dataFolder);
  for (const name of missing) say(`${name} is not in ${dataFolder}, left out`);
  const data = readLanguageData(dataFolder, sets);
  const { tool: sada, model } = createSada();
  const noise = measureNoise();
  const tools: { tool: Scorecard['tools'][number]['tool']; results: Result[] }[] = [];
  for (const tool of [sada, ...createPeers(sample)]) {
    say(`${tool.name}…`);
    tools.push({ tool, results: await measureTool(tool, sets, someOfEach(data.rest, WARM_UP_POSTS)) });
  }
  const keys = trainingKeys(dataFolder);
  return {
    made: describeRun(model, noise),
    tools,
    missing,
    known: sets.map(({ posts }) => countKnown(posts, keys)),
    crossValidation: readCrossValidation(new URL('cross-validation.json', DOCS)),
    languages: measureLanguages(sets, data, tools[0]?.results ?? []),
    versions: pinnedVersions(),
  };
}

function measureLanguages(
  sets: readonly DevSet[],
  data: LanguageData,
  results: readonly Result[],
): Scorecard['languages'] {
  say(`language, fitting on ${data.rest.length} posts…`);
  const takenFor = heldOutDetection(data.rest);
  const posts = sets.flatMap((set) => set.posts);
  const shipped = results.flatMap(({ said }) => said);
  return {
    heldOut: languageMatrix(data.heldOut, ({ text }) => takenFor(text)),
    dev: languageMatrix(posts, ({ text }) => takenFor(text)),
    knownToShipped: data.knownToShipped,
    shippedDev: languageMatrix(posts, (_, place) => shipped[place]?.language ?? 'und'),
  };
}

function describeRun(model: string, { load, slowdown }: ReturnType<typeof measureNoise>): string {
  const { cpu, cores, node, platform } = describeMachine();
  const day = new Date().toISOString().slice(0, 10);
  return (
    `Made on ${day} with the analyser \`${model}\`, Node ${node}, ${platform}, ${cores} cores (${cpu}). ` +
    `Noise before: load ${load}, slowdown ${slowdown} (docs/bench.md says what that means).`
  );
}
