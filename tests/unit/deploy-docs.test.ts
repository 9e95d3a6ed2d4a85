/**
 * docs/deploy.md names settings, files and roles that exist.
 */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plant, ROLES, ROOT, read, unknownSettings } from './deploy-files.ts';

const text = read('docs/deploy.md');

function guideProblems(source: string): string[] {
  const settings = source.match(/\b(?:SADA|FETCH|QUEUE|REDIS|DATABASE)_[A-Z_]+\b/g) ?? [];
  const files = [...source.matchAll(/\b(?:infra|docs|shared|tests)\/[\w./-]*\w/g)].map(([file]) => file);
  const started = [...source.matchAll(/infra\/cli\.ts (\w+)|sada:[\d.]+ (\w+)$/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  return [
    ...unknownSettings(settings),
    ...files
      .filter((file) => !file.startsWith('tests/unit/deploy') && !existsSync(new URL(file, ROOT)))
      .map((file) => `${file}: not there`),
    ...started.filter((role) => !ROLES.includes(role)).map((role) => `${role}: no such role`),
  ];
}

test('the guide names what exists', () => {
  expect(guideProblems(text)).toEqual([]);
});

test.each([
  ['SADA_TRUST_PROXY=1', 'SADA_PROXIES=1', 'SADA_PROXIES: no such setting'],
  ['infra/k8s/migrate.yaml', 'infra/k8s/migration.yaml', 'infra/k8s/migration.yaml: not there'],
  ['infra/cli.ts all', 'infra/cli.ts serve', 'serve: no such role'],
  ['sada:0.1.0 worker', 'sada:0.1.0 work', 'work: no such role'],
])('a fault in the guide is found: %s → %s', (from, to, problem) => {
  expect(guideProblems(plant(text, from, to))).toContain(problem);
});
