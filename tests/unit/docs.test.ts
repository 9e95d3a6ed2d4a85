/**
 * The documents say what is so: settings, commands, addresses, files, rules and tables that they name exist.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../api/app.ts';
import type { Route } from '../../api/route.ts';
import { registerAlerts } from '../../infra/commands/alerts.ts';
import { registerChannels } from '../../infra/commands/channels.ts';
import { readCatalogue, registerDemo } from '../../infra/commands/demo.ts';
import { registerImport } from '../../infra/commands/import.ts';
import { registerKeys } from '../../infra/commands/keys.ts';
import { configTable, registerOperate } from '../../infra/commands/operate.ts';
import { registerRescore } from '../../infra/commands/rescore.ts';
import { registerRoles } from '../../infra/commands/roles.ts';
import { registerTerms } from '../../infra/commands/terms.ts';
import { loadConfig } from '../../shared/config.ts';
import { PushBody } from '../../shared/contracts/api/posts.ts';
import { CollectedPost } from '../../shared/contracts/collected.ts';
import { PACK_TOPIC_IDS } from '../../shared/contracts/words.ts';
import { createLog } from '../../shared/log.ts';
import { openDb } from '../../shared/store/db.ts';
import { SCHEMA } from '../../shared/store/schema.ts';
import { plant, ROOT, read } from './deploy-files.ts';

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs/deploy.md',
  'docs/bench.md',
  'docs/channels.md',
  'docs/alerts.md',
];
/** Named by the import rule before it is there. */
const PLANNED = ['api/dashboard'];
const run = promisify(execFile);
const manifest = z
  .object({
    version: z.string(),
    license: z.string(),
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(read('package.json')));

const cli = (...args: string[]) => run(process.execPath, ['--import', 'tsx', 'infra/cli.ts', ...args], { cwd: ROOT });

// ---------------------------------------------------------------- settings

test('the README has the table of settings that the program prints', () => {
  const table = /<!-- config -->\n\n([\s\S]*?)\n<!-- \/config -->/.exec(read('README.md'))?.[1];
  expect(table).toBe(configTable());
});

test('.env.example is what the program prints', async () => {
  const { stdout } = await cli('config', '--env');
  expect(read('.env.example')).toBe(stdout);
}, 120_000);

// ---------------------------------------------------------------- commands

function commands(): Command {
  const program = new Command('sada');
  const open = () => Promise.reject(new Error('not opened here'));
  const config = () => loadConfig({});
  registerRoles(program, config, {});
  registerImport(program, open);
  registerDemo(program, open);
  registerKeys(program, open);
  registerOperate(program, open, config);
  registerRescore(program, open);
  registerTerms(program, open);
  registerChannels(program, open, config, {});
  registerAlerts(program, open, config);
  return program;
}

const program = commands();

/** Commands as people type them: whole lines of code blocks, continued ones joined, and spans of code. */
function typed(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|text)\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.replaceAll('\\\n', ' ').split('\n'),
  );
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return [...blocks, ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)];
}

function scriptProblems(text: string): string[] {
  return typed(text).flatMap((line) =>
    [...line.matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g)].flatMap(([, named, short]) => {
      const script = named ?? short ?? '';
      return script in manifest.scripts ? [] : [`npm run ${script}: no such script`];
    }),
  );
}

function sadaProblems(text: string): string[] {
  return typed(text).flatMap((line) => {
    const call = /^(?:.*&& )?(?:[A-Z_]+=\S+ )*npx sada (.+)$|^sada (?!\()([a-z].*)$/.exec(line.replace(/\s+# .*$/, ''));
    return call ? callProblems((call[1] ?? call[2] ?? '').replace(/'[^']*'/g, 'TEXT').split(/\s+/)) : [];
  });
}

/** Walks one call: subcommands, arguments where there are any, options with their values. Capitals stand for anything. */
function callProblems(words: readonly string[]): string[] {
  let at = program;
  let mayFollow = 0;
  for (const word of words.filter(Boolean)) {
    if (word.startsWith('-')) {
      const option = at.options.find(({ long, short }) => [long, short].includes(word));
      if (!option && word !== '--help') return [`sada ${words.join(' ')}: no option ${word}`];
      mayFollow = option?.variadic ? 9 : option?.required ? 1 : 0;
      continue;
    }
    const next = at.commands.find((command) => command.name() === word);
    if (next && mayFollow === 0) at = next;
    else if (mayFollow > 0) mayFollow -= 1;
    else if (!/^[A-Z]+$/.test(word) && at.registeredArguments.length === 0)
      return [`sada ${words.join(' ')}: no command ${word}`];
  }
  return [];
}

test.each(DOCUMENTS)('%s names scripts and commands that exist', (document) => {
  expect([...scriptProblems(read(document)), ...sadaProblems(read(document))]).toEqual([]);
});

test('the commands compared with are those of the program', async () => {
  const { stdout } = await cli('--help');
  const listed = [...stdout.matchAll(/^ {2}([a-z]+)\b(?= )/gm)].map(([, name]) => name);
  expect(listed.filter((name) => name !== 'help').toSorted()).toEqual(
    program.commands.map((command) => command.name()).toSorted(),
  );
}, 120_000);

test('every command is in the README', () => {
  const readme = read('README.md');
  const leaves = program.commands.flatMap((command) => [
    ...(command.registeredArguments.length > 0 || command.commands.length === 0 ? [command.name()] : []),
    ...command.commands.map((sub) => `${command.name()} ${sub.name()}`),
  ]);
  expect(leaves.filter((name) => !readme.includes(`npx sada ${name}`))).toEqual([]);
});

// ---------------------------------------------------------------- addresses

const { routes } = createApp({
  db: openDb('postgres://nobody@127.0.0.1:1/none'), // connects when asked to, and nobody asks
  log: createLog('test', 'silent'),
  queues: () => undefined,
  config: { host: '127.0.0.1', publicUrl: undefined, corsOrigins: [], trustProxy: 0 },
  zone: 'Africa/Casablanca',
  secret: 'x'.repeat(32),
  version: manifest.version,
});

/** Each curl of the text: its route exists and takes the query and the body. */
function curlProblems(text: string): string[] {
  return typed(text)
    .filter((line) => /^curl .*\/v1\//.test(line))
    .flatMap((line) => {
      const [, path = '', query = ''] = /(\/v1\/[^?'\s]*)(?:\?([^'\s]*))?/.exec(line) ?? [];
      const body = /-d '([^']*)'/.exec(line)?.[1];
      const method = body === undefined ? 'get' : 'post';
      const named = routes.filter((one) => one.method === method && isPathOf(one, path));
      const route = named.find((one) => one.path === path) ?? named[0];
      return route
        ? inputProblems(route, query, body).map((problem) => `${path}: ${problem}`)
        : [`${path}: no such route`];
    });
}

const isPathOf = (one: Route, path: string) => new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

function inputProblems({ path, schemas }: Route, query: string, body: string | undefined): string[] {
  const given: [z.ZodType, unknown][] = [
    [schemas.query ?? z.strictObject({}), Object.fromEntries(new URLSearchParams(query))],
  ];
  if (body !== undefined) given.push([path === '/v1/posts' ? Push : (schemas.body ?? z.never()), JSON.parse(body)]);
  // Which topics there are is in the database; a document speaks of those that come with the program.
  const topics = new URLSearchParams(query).get('topic')?.split(',') ?? [];
  return [
    ...given.flatMap(([schema, value]) => schema.safeParse(value).error?.issues.map((issue) => issue.message) ?? []),
    ...topics.filter((code) => !PACK_TOPIC_IDS.has(code)).map((code) => `no topic ${code}`),
  ];
}

/** The route checks its posts one by one, later. */
const Push = PushBody.extend({ posts: z.array(CollectedPost) });

test.each(DOCUMENTS)('%s asks the API what it answers', (document) => {
  expect(curlProblems(read(document))).toEqual([]);
});

// ---------------------------------------------------------------- files and links

function fileProblems(text: string, document: string): string[] {
  const here = new URL(document, ROOT);
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => new URL(link, here));
  const named = [...text.matchAll(/`((?:api|workers|shared|infra|tests|docs)\/[\w./-]*[\w])`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !PLANNED.includes(path) && !/[A-Z]{4}/.test(path))
    .map((path) => new URL(path, ROOT));
  return [...links, ...named]
    .filter((url) => !existsSync(url))
    .map((url) => `${url.pathname.slice(ROOT.pathname.length)}: not there`);
}

test.each(DOCUMENTS)('%s names files that exist', (document) => {
  expect(fileProblems(read(document), document)).toEqual([]);
});

test.each([
  ['README.md', 'npm run bench', 'npm run benches', 'npm run benches: no such script'],
  ['README.md', 'npx sada dead list', 'npx sada dead show', 'sada dead show: no command show'],
  ['README.md', '--dry-run', '--dry', 'sada import /tmp/posts.csv --dry: no option --dry'],
  [
    'README.md',
    'curl -N http://127.0.0.1:4040/v1/events',
    'curl http://127.0.0.1:4040/v1/live',
    '/v1/live: no such route',
  ],
  ['README.md', 'topic=data_centres', 'topic=datacenters', '/v1/series: no topic datacenters'],
  ['README.md', '{"source":', '{"sender":', '/v1/posts: Unrecognized key'],
  ['README.md', '"external_id"', '"id"', '/v1/posts: Unrecognized key: "id"'],
  ['README.md', '(docs/bench.md)', '(docs/benches.md)', 'docs/benches.md: not there'],
  ['ARCHITECTURE.md', '`workers/prepare.ts`', '`workers/clean.ts`', 'workers/clean.ts: not there'],
])('a fault planted in %s is found: %s → %s', (document, from, to, problem) => {
  const text = plant(read(document), from, to);
  const found = [
    ...scriptProblems(text),
    ...sadaProblems(text),
    ...curlProblems(text),
    ...fileProblems(text, document),
  ];
  expect(found.join('\n')).toContain(problem);
});

// ---------------------------------------------------------------- what single documents say

const Rules = z.object({
  default: z.object({
    forbidden: z.array(
      z.object({
        name: z.string(),
        from: z.object({ pathNot: z.string().optional() }),
        to: z.object({ path: z.string().optional() }),
      }),
    ),
  }),
});

test('ARCHITECTURE has the import rules, all of them and no others, with the packages and who may import them', async () => {
  const { forbidden } = Rules.parse(await import(new URL('.dependency-cruiser.mjs', ROOT).href)).default;
  const section = sectionOf('ARCHITECTURE.md', 'Who may import whom');
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name = '', says = '']) => ({
    name,
    says,
  }));
  expect(rows.map((row) => row.name)).toEqual(forbidden.map((rule) => rule.name));
  const incomplete = forbidden.flatMap(({ name, from, to }) => {
    const packages = /^node_modules\/\((.*)\)\/$/.exec(to.path ?? '')?.[1]?.split('|') ?? [];
    const allowed = /^\^\((.*)\|tests\/\)$/.exec(from.pathNot ?? '')?.[1]?.split('|') ?? [];
    const says = rows.find((row) => row.name === name)?.says ?? '';
    return [...packages, ...allowed].filter((word) => !says.includes(`\`${word}\``)).map((word) => `${name}: ${word}`);
  });
  expect(incomplete).toEqual([]);
});

test('ARCHITECTURE says of every table what it keeps, and names no table that is not there', () => {
  const created = migrations().flatMap((file) =>
    [...read(`infra/migrations/${file}`).matchAll(/^create table (\w+)/gm)].map(([, name]) => name),
  );
  const rows = [...sectionOf('ARCHITECTURE.md', 'What is kept').matchAll(/^\| (`.*?) \|/gm)];
  const named = rows.flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.toSorted()).toEqual(created.toSorted());
});

test('the schema that the program waits for is the last migration', () => {
  expect(SCHEMA).toBe(
    migrations()
      .at(-1)
      ?.replace(/\.sql$/, ''),
  );
});

test('the changelog has the version of the program, with its date', () => {
  expect(read('CHANGELOG.md')).toMatch(
    new RegExp(`^## \\[${manifest.version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm'),
  );
});

test('the licence is the one of package.json, whole', () => {
  const licence = read('LICENSE');
  expect(manifest.license).toBe('Apache-2.0');
  for (const part of ['Version 2.0, January 2004', '9. Accepting Warranty', 'END OF TERMS AND CONDITIONS'])
    expect(licence).toContain(part);
});

test('the README has the two commands, word for word', () => {
  const lines = read('README.md').split('\n');
  expect(lines.filter((line) => /^npm ci && npm (start|test)$/.test(line))).toEqual([
    'npm ci && npm start',
    'npm ci && npm test',
  ]);
});

test('the README says the Node that is needed, the feeds that start, and the summary that is shown', async () => {
  const readme = read('README.md');
  expect(readme).toContain(`Node ${manifest.engines.node.replace('>=', '')} or newer`);
  expect(readme).toContain(`start ${(await readCatalogue()).length} Moroccan feeds`);
  const shown = /```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const labels = [...shown.matchAll(/^ {4}(\w+) {2,}/gm)].map(([, label]) => label);
  const printed = [...read('infra/supervise.ts').matchAll(/^ +[`'] {4}(\w+) {2,}/gm)].map(([, label]) => label);
  expect(labels).toEqual(printed);
});

test('the picture has nothing from outside and knows dark screens', () => {
  const picture = read('docs/pipeline.svg');
  expect(picture.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|href|@import|@font-face/);
  expect(picture).toContain('prefers-color-scheme: dark');
});

function migrations(): string[] {
  return readdirSync(new URL('infra/migrations', ROOT))
    .filter((file) => file.endsWith('.sql'))
    .toSorted();
}

/** The text under a heading whose title begins so, to the next heading of its kind. */
function sectionOf(document: string, title: string): string {
  const [, section] = new RegExp(`^## ${title}.*\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(read(document)) ?? [];
  if (section === undefined) throw new Error(`${document} has no section "${title}"`);
  return section;
}
