/**
 * Tells the story of alertStory.ts to a running Sada, hour by hour, and kills its workers meanwhile. tests/helpers/alertKilling.ts
 * uses it.
 *
 * Time is shortened from outside: the hours that pass are past ones, whose posts come late; rules look at them since they
 * went live before; `watch` is asked for at once instead of once a minute; and what waits longer than a lease may last
 * waits no longer. The product knows nothing of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRule } from '../../shared/alertRules.ts';
import { addChannel } from '../../shared/channels.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import type { Queues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { createSeal } from '../../shared/seal.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { pendingRules } from '../../shared/store/decisions.ts';
import { ensureScope, findScope } from '../../shared/store/scopes.ts';
import { fillScope } from '../../workers/alerts/scopes.ts';
import { history, STORY, type StoryPost } from './alertStory.ts';
import { TEST_SECRET } from './databases.ts';
import { until } from './drivers.ts';
import type { Receivers } from './killingReceivers.ts';
import { killNow, type RunningSada } from './sada.ts';

const ZONE = 'Africa/Casablanca';
/** Longer than a worker's lease of a delivery: what waits longer is a retry, or company that is waited for. */
const LEASE = '46 seconds';
const RULES = [
  { name: 'Mood', metric: 'net' },
  { name: 'Volume', metric: 'posts' },
  { name: 'English', metric: 'negative_posts', scope: { language: ['en'] } },
] as const;

export class Teller {
  kills = 0;
  private asked = 0;
  /** Kills while delivering that are still to come. */
  private owed = 0;
  private allDied = false;
  private readonly sada: RunningSada;
  private readonly db: Db;
  private readonly queues: Queues;
  private readonly receivers: Receivers;
  private readonly random: () => number;
  private readonly say: (line: string) => void;
  constructor(
    sada: RunningSada,
    queues: Queues,
    receivers: Receivers,
    random: () => number,
    say: (line: string) => void,
  ) {
    this.sada = sada;
    this.db = sada.db;
    this.queues = queues;
    this.receivers = receivers;
    this.random = random;
    this.say = say;
  }

  /** Weeks of posts, counted; then channels, and rules that have been live since `base`. */
  async prepare(base: number): Promise<void> {
    const posts = history(base);
    for (let start = 0; start < posts.length; start += 1_000)
      await this.push(`h${start}`, posts.slice(start, start + 1_000));
    await until('the history', () => this.isIngested(), 180_000);
    const log = createLog('test', 'silent');
    for (const { scope = {} } of RULES.map((rule) => RuleBody.parse(rule))) {
      const { id } = await inTransaction(this.db, (tx) => ensureScope(tx, scope));
      await fillScope({ db: this.db, log }, id, new AbortController().signal);
    }
    const channels = await this.addChannels();
    const now = new Date();
    for (const rule of RULES) {
      const body = RuleBody.parse({ ...rule, channels });
      const { id } = await createRule({ db: this.db, zone: ZONE, address: null, now }, body, 'test');
      await run(this.db, 'update alert_rules set live_from = $2 where id = $1', [id, new Date(base)]);
    }
    await this.settle();
  }

  private async addChannels(): Promise<number[]> {
    const deps = { db: this.db, seal: createSeal(TEST_SECRET) };
    const { hook, mail } = this.receivers;
    const settings = { language: 'en', from: 'sada@example.ma', to: ['desk@example.ma'] };
    const made = [
      await addChannel(deps, { name: 'hook', kind: 'webhook', settings: {}, secrets: { url: hook.url }, budget: 100 }),
      await addChannel(deps, { name: 'mail', kind: 'email', settings, secrets: { smtp_url: mail.url }, budget: 100 }),
    ];
    return made.map(({ channel }) => channel.id);
  }

  /**
   * An hour passes: its posts come, are evaluated and told of, while processes are killed. `due`: how many while evaluating
   * and while delivering; of the latter, those for which there was no delivery are made up for in the next hour, or at last.
   */
  async pass(
    place: number,
    posts: readonly StoryPost[],
    due: { evaluating: number; delivering: number },
  ): Promise<void> {
    await this.push(`s${place}`, posts);
    this.owed += due.delivering;
    for (let nth = 0; nth < due.evaluating; nth += 1) await this.killWhileEvaluating();
    if (this.owed > 0) await this.arm();
    await this.settleRules();
    while (this.owed > 0 && (await this.waiting()) > 0) await this.killWhileDelivering();
    this.receivers.disarm();
    if (place === STORY.length - 1) for (; this.owed > 0; this.owed -= 1) await this.killWhileEvaluating();
    await this.settle();
  }

  /** A round with little to do is over sooner than one can look: it is asked for until one is caught at work. */
  private async killWhileEvaluating(): Promise<void> {
    const isActive = async () => ((await this.queues.counts('watch')).active ?? 0) > 0;
    await until(
      'an evaluation',
      async () => {
        this.askForWatch();
        for (let look = 0; look < 40; look += 1) {
          if (await isActive()) return true;
          await sleep(5);
        }
        return false;
      },
      60_000,
    );
    await sleep(this.random() * 400);
    // Right after another kill there may be no worker for a moment.
    await until(
      'a worker',
      async () => this.kill((await this.sada.pids('worker')).slice(0, 1), 'while evaluating') > 0,
    );
  }

  /** Both workers die at the next attempt that arrives. */
  private async arm(): Promise<void> {
    if (this.receivers.isArmed()) return;
    let workers: number[] = [];
    await until(
      'two workers',
      async () => {
        workers = await this.sada.pids('worker');
        return workers.length === 2;
      },
      60_000,
    );
    const moment = this.random() < 0.5 ? 'before the answer' : 'after the answer';
    this.receivers.arm(moment, () => {
      const killed = this.kill(workers, moment);
      this.owed -= killed;
      this.allDied ||= killed === 2;
    });
  }

  private async killWhileDelivering(): Promise<void> {
    const before = this.owed;
    await this.endLeases();
    await this.arm();
    await until(
      'an attempt to arrive',
      async () => {
        await this.hurry();
        return this.owed < before || (await this.waiting()) === 0;
      },
      120_000,
    );
    await this.endLeases();
  }

  private kill(pids: readonly number[], when: string): number {
    const killed = pids.filter(killNow).length;
    this.kills += killed;
    if (killed > 0)
      this.say(
        `kill ${this.kills} after ${Math.round(performance.now() / 1000)} s: ${killed} ${killed === 1 ? 'worker' : 'workers'} ${when}`,
      );
    return killed;
  }

  /** When both workers were killed at once, every lease is that of a dead one and need not be waited for. */
  private async endLeases(): Promise<void> {
    if (!this.allDied) return;
    this.allDied = false;
    await sleep(200); // what they had sent to Postgres comes to its end
    await run(this.db, `update deliveries set not_before = now() where state = 'waiting' and not_before > now()`);
  }

  private askForWatch(): void {
    this.asked += 1;
    this.queues.add('watch', {}, `story-${this.asked}`).catch(() => undefined);
  }

  private async push(key: string, posts: readonly StoryPost[]): Promise<void> {
    const body = JSON.stringify({ posts });
    await until(`push ${key}`, async () => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      return (await fetch(`${this.sada.url}/v1/posts`, { method: 'POST', headers, body })).status === 202;
    });
  }

  private async isIngested(): Promise<boolean> {
    return (await one<{ n: number }>(this.db, `select count(*)::int as n from inbox where state = 'waiting'`))?.n === 0;
  }

  /** Until every scope has counted what came, and every rule has decided on it. */
  private async settleRules(): Promise<void> {
    let last = 0;
    await until(
      'decisions',
      async () => {
        if (!(await this.isIngested())) return false;
        if (await this.isDecided()) return true;
        if (Date.now() - last > 1_000) this.askForWatch();
        if (Date.now() - last > 1_000) last = Date.now();
        return false;
      },
      180_000,
    );
  }

  private async isDecided(): Promise<boolean> {
    const newest = await one<{ version: number }>(
      this.db,
      `select max(version) as version from data_log where event = 'posts'`,
    );
    const rules = await many<{ scope_id: number; seen: boolean }>(
      this.db,
      'select scope_id, seen_revisions is not null as seen from alert_rules',
    );
    for (const { scope_id, seen } of rules) {
      const scope = await findScope(this.db, scope_id);
      if (!seen || scope?.state !== 'ready' || scope.seenVersion < (newest?.version ?? 0)) return false;
    }
    return (await pendingRules(this.db)).length === 0;
  }

  private async settle(): Promise<void> {
    await this.settleRules();
    await until(
      'deliveries',
      async () => {
        await this.hurry();
        return (await this.waiting()) === 0;
      },
      240_000,
    );
  }

  private async waiting(): Promise<number> {
    const row = await one<{ n: number }>(
      this.db,
      `select count(*)::int as n from deliveries where state in ('waiting', 'held')`,
    );
    return row?.n ?? 0;
  }

  private async hurry(): Promise<void> {
    await run(
      this.db,
      `update deliveries set not_before = now() where state in ('waiting', 'held') and not_before > now() + interval '${LEASE}'`,
    );
  }
}
