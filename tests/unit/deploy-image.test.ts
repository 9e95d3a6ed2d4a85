/**
 * infra/Dockerfile and .dockerignore against what the code expects. No container engine is needed: the instructions are
 * read as text; only the health check is run, by this Node.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Environment } from '../../shared/config.ts';
import { METRICS_PORT, PACKAGE, plant, ROLES, ROOT, read, runHealthCheck, unknownSettings } from './deploy-files.ts';

const text = read('infra/Dockerfile');
const ignored = read('.dockerignore');

interface Instruction {
  word: string;
  rest: string;
}

function instructions(source: string): Instruction[] {
  const lines = source
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    return word && rest ? [{ word, rest }] : [];
  });
}

/** The JSON list that an ENTRYPOINT, CMD or HEALTHCHECK ends with. */
function argumentsOf(rest: string | undefined): string[] {
  return z.array(z.string()).parse(JSON.parse(rest?.slice(rest.indexOf('[')) ?? '[]'));
}

function imageFileProblems(source: string, ignore: string): string[] {
  const all = instructions(source);
  const last = all.slice(all.findLastIndex(({ word }) => word === 'FROM'));
  const of = (list: Instruction[], word: string) => list.filter((one) => one.word === word).map(({ rest }) => rest);
  const bases = of(all, 'FROM').map((rest) => rest.split(' ')[0]);
  const env = Object.fromEntries(of(last, 'ENV').flatMap((rest) => rest.split(/\s+/).map((pair) => pair.split('='))));
  const labels = of(last, 'LABEL').join(' ');
  const user = of(last, 'USER').at(-1) ?? '';
  const check = of(last, 'HEALTHCHECK')[0] ?? '';
  const wrong = {
    'not two stages of node:24-slim': bases.join() !== 'node:24-slim,node:24-slim',
    'packages: not from the lock file without scripts': !of(all, 'RUN').some((run) =>
      run.includes('npm ci --omit=dev --ignore-scripts'),
    ),
    // By number, or Kubernetes cannot check runAsNonRoot.
    'user: root, or not a number': !/^[1-9]\d*:[1-9]\d*$/.test(user),
    entrypoint: argumentsOf(of(last, 'ENTRYPOINT')[0]).join(' ') !== 'node --import tsx infra/cli.ts',
    'entrypoint: tsx is left out with the development packages': !('tsx' in PACKAGE.dependencies),
    command: !ROLES.includes(argumentsOf(of(last, 'CMD')[0]).join(' ')),
    'health check': !check.includes('/healthz') || !check.includes('--start-period='),
    'ports: not those of the configuration':
      of(last, 'EXPOSE').join() !== `${Environment.parse({}).SADA_PORT} ${METRICS_PORT}` ||
      Number(env.SADA_PORT) !== Environment.parse({}).SADA_PORT,
    'labels: version': !labels.includes(`org.opencontainers.image.version="${PACKAGE.version}"`),
    'labels: licence': !labels.includes('org.opencontainers.image.licenses="Apache-2.0"'),
  };
  return [
    ...Object.entries(wrong).flatMap(([problem, is]) => (is ? [problem] : [])),
    ...unknownSettings(Object.keys(env), ['NODE_ENV']),
    ...copyProblems(of(all, 'COPY'), ignore),
  ];
}

function copyProblems(copies: string[], ignore: string): string[] {
  const rules = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const sources = copies.filter((copy) => !copy.startsWith('--from=')).flatMap((copy) => copy.split(' ').slice(0, -1));
  return [
    ...(rules[0] === '*' ? [] : ['.dockerignore: does not begin by leaving everything out']),
    ...sources.filter((path) => !existsSync(new URL(path, ROOT))).map((path) => `${path}: copied, but not there`),
    ...sources.filter((path) => !rules.includes(`!${path}`)).map((path) => `${path}: copied, but ignored`),
    ...['.env', 'data', 'node_modules', '.git']
      .filter((path) => rules.includes(`!${path}`))
      .map((path) => `${path}: in`),
  ];
}

test('the image fits the code', () => {
  expect(imageFileProblems(text, ignored)).toEqual([]);
});

describe('a fault in the image is found', () => {
  test.each([
    ['FROM node:24-slim\n', 'FROM node:20-slim\n', 'not two stages'],
    ['FROM node:24-slim AS packages\n', '', 'not two stages'],
    [' --ignore-scripts', '', 'packages'],
    ['npm ci', 'npm install', 'packages'],
    ['USER 1000:1000', 'USER node', 'user'],
    ['USER 1000:1000', '', 'user'],
    ['infra/cli.ts', 'infra/main.ts', 'entrypoint'],
    ['CMD ["all"]', 'CMD ["serve"]', 'command'],
    ['/healthz', '/health', 'health check'],
    ['EXPOSE 4040', 'EXPOSE 3000', 'ports'],
    ['SADA_DATA_DIR=', 'SADA_DATA=', 'SADA_DATA: no such setting'],
    ['version="0.1.0"', 'version="0.0.9"', 'labels: version'],
    ['COPY workers ./workers', 'COPY worker ./worker', 'worker: copied, but not there'],
  ])('%j → %j', (from, to, problem) => {
    expect(imageFileProblems(plant(text, from, to), ignored).join('\n')).toContain(problem);
  });

  test.each([
    ['!workers\n', '', 'workers: copied, but ignored'],
    ['*\n!package.json', '!package.json', 'leaving everything out'],
    ['!infra\n', '!infra\n!.env\n', '.env: in'],
  ])('ignored files: %j → %j', (from, to, problem) => {
    expect(imageFileProblems(text, plant(ignored, from, to)).join('\n')).toContain(problem);
  });
});

test.each([
  ['of the API', 'SADA_PORT', 200, 0],
  ['of the API', 'SADA_PORT', 503, 1],
  ['of a worker', 'SADA_METRICS_PORT', 200, 0],
  ['of a worker', 'SADA_METRICS_PORT', 503, 1],
] as const)(
  'the health check %s asks the port in %s and ends a %i with %i',
  async (_whose, name, status, code) => {
    const check = instructions(text).find(({ word }) => word === 'HEALTHCHECK');
    const script = argumentsOf(check?.rest).at(-1) ?? '';
    expect(
      await runHealthCheck(
        () => script,
        (port) => ({ [name]: String(port) }),
        status,
      ),
    ).toBe(code);
  },
  60_000,
);
