/**
 * Installs the peers of package.json beside this file, when they are not there yet. Called by run.ts.
 * Install scripts stay off: none of the peers needs one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = new URL('./', import.meta.url);

const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(new URL(path, HERE), 'utf8'));

/** Versions of the peers as package.json pins them, by name. */
export const pinnedVersions = (): Record<string, string> =>
  readJson('package.json').dependencies as Record<string, string>;

/** Runs `npm ci` in this folder unless every peer is there in its version. @throws when npm fails. */
export async function ensurePeers(): Promise<void> {
  if (Object.entries(pinnedVersions()).every(([name, version]) => installedVersion(name) === version)) return;
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(HERE),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  const [code] = await once(npm, 'exit');
  if (code !== 0) throw new Error(`npm ci in tests/bench/scorecard ended with code ${code}`);
}

function installedVersion(name: string): unknown {
  const path = `node_modules/${name}/package.json`;
  return existsSync(new URL(path, HERE)) ? readJson(path).version : undefined;
}
