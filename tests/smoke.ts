/**
 * `npm start` as a user sees it, right after `npm ci --ignore-scripts`: the summary comes, the API answers, the sample
 * arrives, Ctrl-C ends it cleanly, and a second start is warm. Run by .ci/run: node --import tsx tests/smoke.ts
 */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './helpers/drivers.ts';

async function start(dataDir: string, work: (url: string) => Promise<void>): Promise<number> {
  const startedAt = Date.now();
  const env = { ...process.env, SADA_DATA_DIR: dataDir, SADA_PORT: String(await freePort()), LOG_LEVEL: 'warn' };
  const npm = spawn('npm', ['start'], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
  const url = await until(
    'the summary of npm start',
    async () => /Open\s+(http:\/\/\S+)/.exec(output)?.[1],
    120_000,
  ).catch((error: unknown) => {
    process.stderr.write(output);
    throw error;
  });
  const seconds = (Date.now() - startedAt) / 1000;
  await work(url);
  process.kill(-(npm.pid ?? 0), 'SIGINT'); // what a terminal does: the whole group gets it
  await once(npm, 'close');
  assert.match(output, /sada: stopped/);
  return seconds;
}

const folder = await mkdtemp(join(tmpdir(), 'sada-smoke-'));
try {
  const cold = await start(folder, async (url) => {
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    await until(
      'the sample',
      async () => {
        const answer = (await (await fetch(`${url}/v1/series?period=7d`)).json()) as { total?: { n: number } };
        return (answer.total?.n ?? 0) > 1_000;
      },
      240_000,
    );
  });
  const warm = await start(folder, async (url) => {
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });
  process.stdout.write(`smoke: npm start works, ${cold.toFixed(1)} s cold, ${warm.toFixed(1)} s warm\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
