/**
 * What the tests of the deployment files share: reading them, the names that are allowed, and planting a fault.
 * Called by tests/unit/deploy-*.test.ts.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { Environment } from '../../shared/config.ts';

/** The commands of infra/cli.ts that start something; deploy-compose.test.ts compares them with it. */
export const ROLES = ['all', 'api', 'worker', 'scheduler', 'migrate'];
/** Port of /healthz and /metrics of workers and schedulers, in every container. */
export const METRICS_PORT = 9464;
export const ROOT = new URL('../../', import.meta.url);

const PackageFile = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });
export const PACKAGE = PackageFile.parse(JSON.parse(read('package.json')));

/** Text of a file; the path starts at the project's root. */
export function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** Every document of a YAML file. Throws on what a strict parser refuses, such as a key given twice. */
export function parseYaml(text: string): unknown[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as unknown;
  });
}

/** A problem for each name that the configuration does not know. */
export function unknownSettings(names: Iterable<string>, others: readonly string[] = []): string[] {
  const strange = [...names].filter((name) => !(name in Environment.shape) && !others.includes(name));
  return [...new Set(strange)].map((name) => `${name}: no such setting`);
}

/** A problem when an image has no tag or a moving one, or is Sada's with another version than the package. */
export function imageProblems(image: string): string[] {
  const [, name = image, tag = ''] = /^(.*?)(?::([^:/]+))?$/.exec(image) ?? [];
  if (tag === '' || tag === 'latest') return [`${image}: no fixed tag`];
  return name.endsWith('sada') && tag !== PACKAGE.version ? [`${image}: the package is ${PACKAGE.version}`] : [];
}

/** The text with one fault in it. Throws when there is nothing to spoil: then the test would prove nothing. */
export function plant(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`nothing to spoil: ${from}`);
  return text.replaceAll(from, () => to);
}

/** Exit code of a health check's script against a server that answers `status` on /healthz and 404 elsewhere. */
export async function runHealthCheck(
  script: (port: number) => string,
  env: (port: number) => NodeJS.ProcessEnv,
  status: number,
) {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/healthz' ? status : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise<number>((resolve) => {
      const options = { env: { ...env(port) }, cwd: fileURLToPath(ROOT), timeout: 30_000 };
      execFile(process.execPath, ['-e', script(port)], options, (error) =>
        resolve(error ? Number(error.code ?? -1) : 0),
      );
    });
  } finally {
    server.close();
  }
}
