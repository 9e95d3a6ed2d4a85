/** The analyser and its evaluation as started from a terminal: whole processes, fed and read through pipes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Analysis } from '../../shared/contracts/analysis.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sada-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of the project to its end. */
async function run(command: string, args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(command, args, { cwd: ROOT, stdio: 'pipe' });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    out += data;
  });
  child.stderr.setEncoding('utf8').on('data', (data: string) => {
    err += data;
  });
  // What does not read its input to the end closes the pipe under us.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

const npm = (script: string, args: readonly string[] = [], input = ''): Promise<Ran> =>
  run('npm', ['run', '--silent', script, ...(args.length > 0 ? ['--', ...args] : [])], input);

const ndjson = (lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const linesOf = (out: string): (Analysis & { id: string | number })[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('analyse', () => {
  test('writes one analysis a line, in order, with the ids it was given', async () => {
    const posts = [
      { id: 7, text: 'Un accueil magnifique, une équipe formidable, bravo !' },
      { id: '7', text: 'Terrible service, what a shame, I am very disappointed' },
      { id: 'é\t"x"', text: 'هادشي زوين بزاف، تبارك الله عليكم' },
      { id: 1.5, text: '' },
      { id: '', text: '👍🏽', language: 'ar' },
    ];
    const { code, out, err } = await npm('analyse', [], ndjson(posts));
    expect([code, err]).toEqual([0, '']);
    const results = linesOf(out);
    expect(results.map(({ id }) => id)).toEqual(posts.map(({ id }) => id));
    for (const result of results) Analysis.parse(result);
    expect(results.slice(0, 4).map(({ label }) => label)).toEqual(['positive', 'negative', 'positive', 'not_scored']);
  });

  test('keeps the order over many lines, and needs no line break at the end', async () => {
    const posts = Array.from({ length: 1_003 }, (_, id) => ({ id, text: `Texte numéro ${id}, un bon service` }));
    const { code, out } = await npm('analyse', [], ndjson(posts).trimEnd());
    expect(code).toBe(0);
    expect(linesOf(out).map(({ id }) => id)).toEqual(posts.map(({ id }) => id));
  });

  test('tells bad lines with number and field, does the others, and ends well', async () => {
    const input = [
      '{"id":1,"text":"Un bon service"}',
      '',
      'nope',
      '{"id":2}',
      '{"id":true,"text":"x"}',
      '["x"]',
      '{"id":3,"text":5}',
      '{"id":4,"text":"Une honte"}\r',
    ].join('\n');
    const { code, out, err } = await npm('analyse', [], input);
    expect(code).toBe(0);
    expect(linesOf(out).map(({ id }) => id)).toEqual([1, 4]);
    const told = err.trimEnd().split('\n');
    expect(told).toHaveLength(5);
    expect(told[0]).toBe('line 3: not JSON');
    expect(told[1]).toMatch(/^line 4: field "text": /);
    expect(told[2]).toMatch(/^line 5: field "id": /);
    expect(told[3]).toMatch(/^line 6: not an object with "id" and "text"$/);
    expect(told[4]).toMatch(/^line 7: field "text": /);
  });

  test('of nothing writes nothing', async () => {
    expect(await npm('analyse', [], '')).toEqual({ code: 0, out: '', err: '' });
  });

  test('ends quietly when nobody reads any more', async () => {
    const file = join(folder, 'many.ndjson');
    await writeFile(file, ndjson(Array.from({ length: 20_000 }, (_, id) => ({ id, text: 'Un très bon service' }))));
    const pipeline = `npm run --silent analyse < '${file}' | head -1`;
    const piped = await run('sh', ['-c', pipeline]);
    expect([piped.code, piped.err]).toEqual([0, '']);
    expect(linesOf(piped.out).map(({ id }) => id)).toEqual([0]);

    const alone = await run('sh', [
      '-c',
      `{ node --import tsx infra/analyse/main.ts < '${file}'; echo "code $?" >&2; } | head -1`,
    ]);
    expect(alone.err).toBe('code 0\n');
  });

  test('results appear while the input still comes', async () => {
    const child = spawn('node', ['--import', 'tsx', 'infra/analyse/main.ts'], { cwd: ROOT, stdio: 'pipe' });
    child.stdin.write(ndjson(Array.from({ length: 500 }, (_, id) => ({ id, text: 'Un bon service' }))));
    const [first] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(first.startsWith('{"id":0,')).toBe(true);
    child.stdout.resume();
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  test('--explain shows label, score and the words that decided', async () => {
    const { code, out, err } = await npm('analyse', ['--explain', 'Ils ne sont pas honnêtes avec les clients']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^fr {2}negative {2}score -\d\.\d{3} {2}probability \d\.\d\d {2}\[sada-\d+:[0-9a-f]{10}\]$/m);
    expect(out).toMatch(/negation +pas$/m);
    expect(out).toMatch(/lexicon entry +honnêtes$/m);
  });

  test('--explain says so when too little was understood', async () => {
    const { code, out } = await npm('analyse', ['--explain', 'zqx vbnq wxcq']);
    expect(code).toBe(0);
    expect(out).toContain('too little was understood');
  });

  test('an option that nobody knows is told, and ends with 1', async () => {
    const { code, out, err } = await npm('analyse', ['--bogus']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain("unknown option '--bogus'");
  });

  // wrong: styleText of Node 20 colours whatever the stream when it is given several styles at once (paint in explain.ts).
  test('--explain writes no colours into a pipe', async () => {
    const { out } = await npm('analyse', ['--explain', 'Un accueil magnifique, bravo !']);
    expect(out).not.toContain('\u001b[');
  });
});

describe('evaluate', () => {
  const HEADER = 'id\tlang\tlabel\ttext';
  const write = async (name: string, lines: readonly string[]): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, lines.join('\n'));
    return file;
  };

  test('prints figures a language', async () => {
    const file = await write('good.tsv', [
      HEADER,
      '1\tfr\tpositive\tUn accueil magnifique, une équipe formidable, bravo !',
      '2\tfr\tnegative\tUn service lamentable, une honte, je suis très déçu',
      '3\ten\tpositive\tGreat service, wonderful team, thank you so much!',
      '',
    ]);
    const { code, out, err } = await npm('evaluate', [file]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('fr: 2 posts');
    expect(out).toContain('en: 1 posts');
    expect(out).toMatch(/macro-F1 100\.0 +accuracy 100\.0 +coverage 100\.0 %/);
    expect(out).toContain('taken for fr 2');

    const { out: json } = await npm('evaluate', ['--json', file]);
    expect(JSON.parse(json)).toMatchObject([
      { language: 'fr', posts: 2, accuracy: 100 },
      { language: 'en', posts: 1, accuracy: 100 },
    ]);
  });

  test('reads columns in any order, Windows line ends, and several files', async () => {
    const first = await write('windows.tsv', [
      'label\ttext\tid\tlang\r',
      'negative\tUne honte, un scandale !\t1\tfr\r',
      '',
    ]);
    const second = await write('more.tsv', [HEADER, '2\tfr\tnegative\tUn service lamentable, une honte']);
    const { code, out } = await npm('evaluate', [first, second]);
    expect(code).toBe(0);
    expect(out).toContain('fr: 2 posts');
  });

  test('names file and line of a label that is none, and ends with 1', async () => {
    const file = await write('label.tsv', [HEADER, '1\tfr\tpositive\tUn bon service', '', '2\tfr\tgood\tUne honte']);
    const { code, out, err } = await npm('evaluate', [file]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(`${file}:4: label "good" is none of negative, neutral, positive\n`);
  });

  test('names file and line of a missing column, and ends with 1', async () => {
    const file = await write('column.tsv', ['id\ttext', '1\tx']);
    const { code, err } = await npm('evaluate', [file]);
    expect(code).toBe(1);
    expect(err).toMatch(`${file}:1: no column "lang" (found: id, text)`);
  });

  test('names a file that is not there, and ends with 1', async () => {
    const file = join(folder, 'none.tsv');
    const { code, err } = await npm('evaluate', [file]);
    expect(code).toBe(1);
    expect(err).toContain(file);
  });

  test('without a file says what it wants', async () => {
    const { code, err } = await npm('evaluate');
    expect(code).toBe(1);
    expect(err).toContain("missing required argument 'files'");
  });
});
