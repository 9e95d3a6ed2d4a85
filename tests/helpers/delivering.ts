/**
 * Delivering under test: channels in the database, a clock that the test moves, and the scheduler's sweep. In a process of its
 * own (`node --import tsx tests/helpers/delivering.ts URL DELIVERY NOW HOST:PORT`) it sends one delivery, to be killed.
 */
import { pathToFileURL } from 'node:url';
import pino from 'pino';
import { addChannel } from '../../shared/channels.ts';
import type { ChannelBody } from '../../shared/contracts/channels.ts';
import { createSeal } from '../../shared/seal.ts';
import { type Db, openDb } from '../../shared/store/db.ts';
import { dueDeliveries } from '../../shared/store/deliveries.ts';
import { createOutside, type OutsideOptions } from '../../workers/alerts/channels/outside.ts';
import { type DeliverDeps, deliver } from '../../workers/alerts/deliver.ts';
import { TEST_SECRET } from './databases.ts';

export const START = new Date('2026-11-23T10:05:00Z');
export const seal = createSeal(TEST_SECRET);
/** 32 bytes each. */
export const SIGNING = ['whsec_', 'whsec_'].map((prefix, n) => prefix + Buffer.alloc(32, n + 1).toString('base64')) as [
  string,
  string,
];

export interface Delivering {
  deps: DeliverDeps;
  /** Everything that was logged. */
  logged: () => string;
  now: () => Date;
  /** Lets time pass. */
  pass(ms: number): void;
  /** One round of the scheduler: everything due is delivered. Returns how many were. */
  sweep(): Promise<number>;
  /** Rounds, each at the moment when something comes due, until nothing waits, or `rounds` are over. */
  drain(rounds?: number): Promise<void>;
  channel(body: Omit<ChannelBody, 'name'> & { name?: string }): Promise<number>;
}

export interface Surroundings extends Partial<OutsideOptions> {
  environment?: Record<string, string>;
  timeoutMs?: number;
  start?: Date;
}

export function delivering(
  db: Db,
  { environment = {}, timeoutMs = 10_000, start = START, ...outside }: Surroundings = {},
): Delivering {
  let at = start.getTime();
  let lines = '';
  const now = () => new Date(at);
  const deps: DeliverDeps = {
    db,
    log: pino(
      { level: 'debug' },
      {
        write(line: string) {
          lines += line;
        },
      },
    ),
    seal,
    outside: createOutside({ userAgent: 'Sada/test', allowPrivate: true, ...outside }),
    environment: (name) => environment[name],
    address: 'https://sada.example.ma',
    now,
    random: () => 0,
    timeoutMs,
  };
  const sweep = async () => {
    const due = await dueDeliveries(db, 100, now());
    for (const id of due) await deliver(deps, id);
    return due.length;
  };
  let named = 0;
  return {
    deps,
    logged: () => lines,
    now,
    pass: (ms) => {
      at += ms;
    },
    sweep,
    async drain(rounds = 40) {
      for (let round = 0; round < rounds; round += 1) {
        await sweep();
        const next = await db.query<{ at: Date | null }>(
          `select min(not_before) as at from deliveries where state in ('waiting', 'held') and isfinite(not_before)`,
        );
        if (!next.rows[0]?.at) return;
        at = Math.max(at, next.rows[0].at.getTime());
      }
    },
    async channel(body) {
      named += 1;
      return (await addChannel({ db, seal }, { name: `channel ${named}`, ...body })).channel.id;
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [url = '', id = '', at = '', allowed = ''] = process.argv.slice(2);
  const db = openDb(url, { max: 2 });
  const { deps } = delivering(db, { allowPrivate: [allowed], start: new Date(at) });
  await deliver(deps, id);
  await deps.outside.close();
  await db.end();
}
