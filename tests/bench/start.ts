/**
 * How long `npm start` takes until Sada answers that it is ready: cold, with its Postgres still to be made, and warm.
 * tests/bench/run.ts calls it.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeTimes, percentile, round, timed } from './figures.ts';
import { endProcess, PATIENCE_MS, say, startScript, temporaryFolder } from './stage.ts';

/** Empty, so that a file .env of this machine has no say. */
const NOT_SET = {
  DATABASE_URL: '',
  REDIS_URL: '',
  REDIS_SENTINELS: '',
  REDIS_CLUSTER: '',
  SADA_SECRET: '',
  LOG_LEVEL: 'warn',
};

export async function benchStart(runs: number): Promise<Record<string, unknown>> {
  const [cold, warm, bare]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < runs; i++) {
    const folder = await temporaryFolder();
    bare.push(await timeBareNode());
    cold.push(await timeStart(folder));
    warm.push(await timeStart(folder));
    say(
      `start: cold ${round(cold.at(-1) ?? 0)} ms, warm ${round(warm.at(-1) ?? 0)} ms, node alone ${round(bare.at(-1) ?? 0)} ms`,
    );
  }
  const reference = percentile(bare, 0.5);
  return {
    cold: { ...describeTimes(cold), ratio: round(percentile(cold, 0.5) / reference) },
    warm: { ...describeTimes(warm), ratio: round(percentile(warm, 0.5) / reference) },
    reference: { what: 'node --import tsx -e 0', ...describeTimes(bare) },
  };
}

/** What any program in TypeScript takes here. */
async function timeBareNode(): Promise<number> {
  const { ms, result } = await timed(() => exitOf(startScript(['-e', '0'], {}, 'show')));
  if (result !== 0) throw new Error(`node --import tsx -e 0 ended with code ${result}`);
  return ms;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
}

/** Milliseconds from the command to the first 200 of /readyz; ends it again. */
async function timeStart(folder: string): Promise<number> {
  const child = startScript(
    ['infra/cli.ts', 'all'],
    { ...NOT_SET, SADA_SAMPLE: 'off', SADA_PORT: '0', SADA_DATA_DIR: folder },
    'pipe',
  );
  const { ms } = await timed(async () => untilReady(await addressOf(child)));
  const code = await endProcess(child);
  if (code !== 0) throw new Error(`sada all ended with code ${code}`);
  return ms;
}

/** The address in the summary that is printed when all roles are up. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const address = /Open\s+(http:\/\/\S+)/.exec(said)?.[1];
      if (address) resolve(address);
    });
    const fail = (why: string) => reject(new Error(`sada all ${why}: ${said.slice(-1_000)}`));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with code ${code}`));
    setTimeout(() => fail('is not ready'), PATIENCE_MS).unref();
  });
}

async function untilReady(address: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const status = await fetch(`${address}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > end) throw new Error(`${address}/readyz answers ${status}`);
    await sleep(10);
  }
}
