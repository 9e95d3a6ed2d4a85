/**
 * `sada all`: one process tree. Postgres (unless DATABASE_URL is set), migrations, then scheduler, workers and API as
 * processes of their own; whatever dies is started again, Postgres included. infra/cli.ts calls `runAll`.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Config, queueTarget } from '../shared/config.ts';
import { openDb } from '../shared/store/db.ts';
import { readSetting } from '../shared/store/settings.ts';
import { listSources } from '../shared/store/sources.ts';
import { nodeDifferences } from '../shared/zones.ts';
import { type Child, superviseChild } from './child.ts';
import { claimFolder } from './folder.ts';
import { obtainSecret, postgresDir } from './installation.ts';
import { type EmbeddedPostgres, startPostgres } from './postgres/launcher.ts';
import { ensureMigrated } from './prepare.ts';

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What a person sees; the processes' logs go to the same terminal as JSON. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs everything until SIGINT or SIGTERM. Resolves with the exit code. */
export async function runAll(config: Config, env: Record<string, string | undefined>): Promise<number> {
  const startedAt = Date.now();
  await mkdir(resolve(config.dataDir), { recursive: true });
  const release = await claimFolder(resolve(config.dataDir));
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolveEnded) => {
    end = resolveEnded;
  });
  let stops = 0;
  const onSignal = () => {
    stops += 1;
    if (stops === 1) end(0);
    else process.exit(130); // asked twice: at once, the next start recovers
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const secret = await obtainSecret(config);
  const database = config.databaseUrl ? undefined : await keepPostgres(config);
  const url = config.databaseUrl ?? database?.url() ?? '';
  // The roles start while the migrations run, and wait for them: most of a start is loading code.
  const children = startRoles(config, childEnvironment(config, env, url, secret), (name, reason) => {
    say(`sada: ${name} cannot start: ${reason ?? 'see its message above'}`);
    end(1);
  });
  let needsSample: boolean;
  try {
    needsSample = await prepareDatabase(config, url, secret);
  } catch (error) {
    await Promise.all(children.map((child) => child.stop()));
    await database?.stop();
    await release();
    throw error;
  }
  const ready = Promise.all(children.map((child) => child.ready));
  const code = await Promise.race([ended, ready.then(() => undefined)]);
  if (code === undefined) {
    // A browser cannot open the address that means "all of them".
    const address = String((await children.at(-1)?.ready)?.url ?? '').replace(/\/\/(0\.0\.0\.0|\[::\])/, '//localhost');
    say(await summary(config, url, address, database, startedAt));
    if (needsSample) children.push(loadSampleBeside(childEnvironment(config, env, url, secret)));
  }
  const exitCode = code ?? (await ended);
  say('sada: stopping…');
  await Promise.all(children.map((child) => child.stop()));
  await database?.stop();
  await release();
  say('sada: stopped');
  return exitCode;
}

/** Migrates, and tells whether this database has never held anything, so that the sample helps. */
async function prepareDatabase(config: Config, url: string, secret: string): Promise<boolean> {
  const db = openDb(url, { max: 2 });
  try {
    await waitForServer(db);
    await ensureMigrated(db, { zone: config.zone, secret, queueHere: queueTarget(config, url).driver === 'postgres' });
    const sample = (await readSetting(db, 'sample')) as { state?: string } | undefined;
    if (config.sample === 'off') return false;
    return sample ? sample.state === 'loading' : (await listSources(db)).length === 0;
  } finally {
    await db.end();
  }
}

async function waitForServer(db: ReturnType<typeof openDb>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await db.query('select 1');
      return;
    } catch (error) {
      if (tries === 60) throw error;
      if (tries === 1) say('sada: waiting for the database…');
      await sleep(1_000);
    }
  }
}

interface KeptPostgres {
  url(): string;
  adopted: boolean;
  stop(): Promise<void>;
}

/** The embedded Postgres, started again on the same port whenever it dies. */
async function keepPostgres(config: Config): Promise<KeptPostgres> {
  const options = { dataDir: postgresDir(config), ...(config.pgPort ? { port: config.pgPort } : {}) };
  let server: EmbeddedPostgres = await startPostgres(options);
  const { adopted } = server;
  let stopping = false;
  void (async () => {
    while (!stopping) {
      await server.exited;
      for (let waitMs = 200; !stopping; waitMs = Math.min(waitMs * 2, 10_000)) {
        say('sada: Postgres ended, starting it again');
        try {
          server = await startPostgres({ ...options, port: server.port });
          break;
        } catch (error) {
          say(`sada: ${error instanceof Error ? error.message : String(error)}`);
          await sleep(waitMs);
        }
      }
    }
  })();
  return {
    url: () => server.url,
    adopted,
    async stop() {
      stopping = true;
      await server.stop();
    },
  };
}

function childEnvironment(config: Config, env: Record<string, string | undefined>, url: string, secret: string) {
  // In a terminal people want to see trouble only; a service manager or a pipe gets the full log.
  const quiet = env.LOG_LEVEL === undefined && process.stdout.isTTY ? { LOG_LEVEL: 'warn' } : {};
  return { ...env, ...quiet, DATABASE_URL: url, SADA_SECRET: secret, SADA_DATA_DIR: resolve(config.dataDir) };
}

function startRoles(
  config: Config,
  env: Record<string, string | undefined>,
  onFatal: (name: string, reason: string | undefined) => void,
): Child[] {
  // Each process that serves metrics needs a port of its own: workers from SADA_METRICS_PORT on, then the scheduler.
  const child = (name: string, command: string[], metrics?: number) =>
    superviseChild({
      name,
      command,
      env: {
        ...env,
        SADA_METRICS_PORT:
          config.metricsPort && metrics !== undefined ? String(config.metricsPort + metrics) : undefined,
      },
      onFatal,
      onRestart: (who, code, signal) => say(`sada: ${who} ended (${signal ?? `code ${code}`}), starting it again`),
    });
  return [
    child('scheduler', [script('../workers/main.ts'), 'scheduler'], config.workers),
    ...Array.from({ length: config.workers }, (_, i) =>
      child(config.workers > 1 ? `worker ${i + 1}` : 'worker', [script('../workers/main.ts'), 'worker'], i),
    ),
    child('api', [script('../api/main.ts')]),
  ];
}

/** The first start of an empty database fills it with the marked sample, in a process of its own. */
function loadSampleBeside(env: Record<string, string | undefined>): Child {
  say(`sada: loading the sample beside (marked as such; \`npx sada live\` removes it and starts the Moroccan feeds)`);
  return superviseChild({
    name: 'sample',
    command: [script('./cli.ts'), 'demo', '--quiet'],
    env,
    oneShot: true,
    onFatal: () => undefined,
    onRestart: (_name, code, signal) => say(`sada: loading the sample was cut (${signal ?? `code ${code}`}), going on`),
  });
}

async function summary(
  config: Config,
  url: string,
  address: string,
  database: KeptPostgres | undefined,
  startedAt: number,
): Promise<string> {
  const target = queueTarget(config, url);
  const where = database
    ? `embedded, data under ${postgresDir(config)}${database.adopted ? ' (was running, adopted)' : ''}`
    : new URL(url).host;
  return [
    '',
    `  Sada (صدى) is ready after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`,
    `    Open         ${address}`,
    `    API          ${address}/docs`,
    `    Postgres     ${where}`,
    `    Queue        ${target.driver === 'postgres' ? 'on the same Postgres' : `Redis (${target.driver})`}`,
    `    Processes    1 scheduler, ${config.workers} worker${config.workers > 1 ? 's' : ''}, 1 API`,
    `    Days         ${config.zone}, from our own zone table${zoneNote(config.zone)}`,
    '    Stop         Ctrl-C',
    '',
  ].join('\n');
}

/** Node's zone data may be older than a country's decision; people should know that it does not matter here. */
function zoneNote(zone: string): string {
  const [now] = nodeDifferences(zone, [new Date()]);
  return now ? ` (Node's own data are ${Math.abs(now.ours - now.theirs)} min off)` : '';
}
