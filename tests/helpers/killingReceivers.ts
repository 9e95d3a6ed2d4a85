/**
 * A webhook receiver and a mail server that fail at random, remember every attempt, and can have a process killed at the
 * worst moments: when an attempt has arrived, before or after it is answered. Used by tests/helpers/alertKilling.ts.
 */
import { createHash } from 'node:crypto';
import { type Received, startMailServer, startReceiver } from './receivers.ts';

type Moment = 'before the answer' | 'after the answer';

export interface Attempt {
  /** Of the event, as the receiver is shown it. */
  id: string;
  hash: string;
  accepted: boolean;
}

export interface Receivers {
  hook: { url: string; hostAndPort: string; attempts: Attempt[] };
  mail: { url: string; hostAndPort: string; attempts: Attempt[] };
  /** Calls `kill` once, at the next attempt that arrives. */
  arm(moment: Moment, kill: () => void): void;
  /** True until that attempt has arrived. */
  isArmed(): boolean;
  disarm(): void;
  close(): Promise<void>;
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** `failing`: share of the attempts that fail. */
export async function startReceivers(random: () => number, failing: number): Promise<Receivers> {
  const hooks: Attempt[] = [];
  const mails: Attempt[] = [];
  let armed: { moment: Moment; kill: () => void } | undefined;
  const take = () => {
    const taken = armed;
    armed = undefined;
    return taken;
  };
  const noteHook = ({ headers, body }: Received, accepted: boolean) =>
    hooks.push({ id: String(headers['webhook-id']), hash: hashOf(body), accepted });
  const hook = await startReceiver((received, response) => {
    const shot = take();
    if (shot?.moment === 'before the answer') {
      noteHook(received, false);
      return shot.kill();
    }
    const draw = random();
    if (draw < failing && !shot) {
      noteHook(received, false);
      if (draw < failing / 3) response.socket?.destroy();
      else if (draw < (failing * 2) / 3) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.writeHead(500).end('not now');
      return;
    }
    noteHook(received, true);
    response.writeHead(204).end(() => shot?.kill());
  });
  const mail = await startMailServer();
  mail.judge((raw) => {
    const id = /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '';
    const shot = take();
    const accepted = shot ? shot.moment === 'after the answer' : random() >= failing;
    mails.push({ id, hash: hashOf(raw), accepted });
    // The answer is written in the turn of the event loop that follows.
    if (shot?.moment === 'after the answer') setTimeout(shot.kill, 5);
    else shot?.kill();
    return accepted ? undefined : 451;
  });
  return {
    hook: { url: hook.url, hostAndPort: hook.hostAndPort, attempts: hooks },
    mail: { url: mail.url, hostAndPort: mail.hostAndPort, attempts: mails },
    arm(moment, kill) {
      armed = { moment, kill };
    },
    isArmed: () => armed !== undefined,
    disarm: () => void take(),
    async close() {
      await hook.close();
      await mail.close();
    },
  };
}

/** Attempts that were accepted though the same had been accepted before. */
export function repeatsIn(attempts: readonly Attempt[]): number {
  const accepted = attempts.filter((attempt) => attempt.accepted).map(({ id }) => id);
  return accepted.length - new Set(accepted).size;
}

/** Ids of which two attempts differed in their bytes. */
export function changedIn(attempts: readonly Attempt[]): string[] {
  const first = new Map<string, string>();
  const changed = attempts.filter(({ id, hash }) => {
    const known = first.get(id) ?? hash;
    first.set(id, known);
    return known !== hash;
  });
  return [...new Set(changed.map(({ id }) => id))];
}
