/**
 * `sada channels`: ways to be told of alerts: add, try, pause and remove them, see what could not be delivered and send it
 * again. Registered by infra/cli.ts. Try it: npx sada channels add team slack --secret url=env:SLACK_URL
 */
import { createInterface } from 'node:readline/promises';
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { createChannel, dropChannel, editChannel, rotateChannel } from '../../shared/channelActions.ts';
import { type ChannelDeps, shownChannels } from '../../shared/channels.ts';
import type { Config } from '../../shared/config.ts';
import { ChannelKind, DeliveryState } from '../../shared/contracts/channels.ts';
import { AppError } from '../../shared/errors.ts';
import { createSeal } from '../../shared/seal.ts';
import { findChannelByName, type StoredChannel } from '../../shared/store/channels.ts';
import { type DeadLetters, listDeliveries, redactDeliveries, replayDeliveries } from '../../shared/store/deliveries.ts';
import { createOutside } from '../../workers/alerts/channels/outside.ts';
import { type DeliverDeps, deliver, testChannel } from '../../workers/alerts/deliver.ts';
import { visible } from '../../workers/imports/visible.ts';
import type { Context, OpenContext } from '../context.ts';
import { obtainSecret } from '../installation.ts';
import { BY } from './alertArguments.ts';
import { printTable } from './table.ts';

type Environment = Record<string, string | undefined>;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Adds the commands for channels. `environment` is where `env:NAME` looks. */
export function registerChannels(
  program: Command,
  open: OpenContext,
  config: () => Config,
  environment: Environment,
): void {
  const inContext = async (work: (context: Context & ChannelDeps) => Promise<void>) => {
    const context = await open();
    try {
      await work({ ...context, seal: createSeal(await obtainSecret(config())) });
    } finally {
      await context.close();
    }
  };
  const channels = program.command('channels').description('ways to be told of alerts: e-mail, webhooks, chats');
  registerKeeping(channels, inContext);
  channels
    .command('test')
    .description('send a message that says it is a test, and tell what the receiver answered')
    .argument('<name>', 'the channel')
    .action((name: string) => inContext((context) => tryChannel(context, config(), environment, name)));
  registerLetters(channels, inContext, config, environment);
}

type InContext = (work: (context: Context & ChannelDeps) => Promise<void>) => Promise<void>;

function registerKeeping(channels: Command, inContext: InContext): void {
  channels
    .command('add')
    .description('add a channel; docs/channels.md says what each kind needs')
    .argument('<name>', 'what you call it')
    .addArgument(new Argument('<kind>', 'what it is').choices(ChannelKind.options))
    .option('--set <field=value>', 'a setting, as language=ar; repeat a field that takes several', collect, [])
    .option('--secret <field=value>', 'a secret: env:NAME, file:/path, the value, or - to type it', collect, [])
    .option('--budget <n>', 'false alarms a month that its readers accept', Number)
    .action((name: string, kind: ChannelKind, options: { set: Pair[]; secret: Pair[]; budget?: number }) =>
      inContext(async (context) => {
        const secrets: Record<string, string> = {};
        for (const [field, value] of options.secret) secrets[field] = value === '-' ? await ask(field) : value;
        const budget = options.budget === undefined ? {} : { budget: options.budget };
        const made = await createChannel(acting(context), {
          name,
          kind,
          settings: toSettings(options.set),
          secrets,
          ...budget,
        });
        process.stdout.write(
          `channel ${visible(made.channel.name)} added; try it: npx sada channels test '${visible(name)}'\n`,
        );
        showSecret(made.madeSecret);
      }),
    );
  channels
    .command('list')
    .description('channels and how each fares, without their secrets')
    .action(() =>
      inContext(async (context) => {
        const rows = (await shownChannels(context)).map((one) => ({ ...one, name: visible(one.name) }));
        printTable(rows, ['id', 'name', 'kind', 'state', 'host', 'secrets', 'settings', 'budget', 'broken_reason']);
      }),
    );
  for (const [command, description, act] of CHANGES) {
    channels
      .command(command)
      .description(description)
      .argument('<name>', 'the channel')
      .action((name: string) =>
        inContext(async (context) => {
          const channel = await named(context, name);
          process.stdout.write(`${await act(context, channel)}\n`);
        }),
      );
  }
}

/** Who does it, for the account of changes. */
const acting = (context: Context & ChannelDeps) => ({ ...context, now: new Date(), by: BY });

type Change = (context: Context & ChannelDeps, channel: StoredChannel) => Promise<string>;
const CHANGES: [string, string, Change][] = [
  [
    'pause',
    'keep messages back until `resume`',
    async (context, { id, name }) => {
      await editChannel(acting(context), { id, version: undefined }, { state: 'paused' });
      return `${visible(name)} is paused`;
    },
  ],
  [
    'resume',
    'send again through a paused or mended channel; what waited goes out',
    async (context, { id, name }) => {
      await editChannel(acting(context), { id, version: undefined }, { state: 'active' });
      return `${visible(name)} sends again`;
    },
  ],
  [
    'rotate',
    'give a webhook a new signing secret; for a day messages carry both signatures',
    async (context, { id, name }) => {
      const { madeSecret } = await rotateChannel(acting(context), { id, version: undefined });
      showSecret(madeSecret);
      return `${visible(name)} has a new signing secret`;
    },
  ],
  [
    'remove',
    'remove a channel with its deliveries',
    async (context, { id, name }) => {
      await dropChannel(acting(context), { id, version: undefined });
      return `${visible(name)} removed`;
    },
  ],
];

function registerLetters(
  channels: Command,
  inContext: InContext,
  config: () => Config,
  environment: Environment,
): void {
  channels
    .command('deliveries')
    .description('messages and what became of them, newest first')
    .argument('[name]', 'of one channel')
    .option('--state <state>', `one of ${DeliveryState.options.join(', ')}`, state)
    .option('--limit <n>', 'how many', Number, 50)
    .action((name: string | undefined, { state, limit }: { state?: DeliveryState; limit: number }) =>
      inContext(async (context) => {
        const of = name === undefined ? {} : { channelId: (await named(context, name)).id };
        const rows = await listDeliveries(context.db, { ...of, ...(state ? { state } : {}), limit });
        printTable(
          rows.map((row) => ({ ...row, last_error: row.last_error && visible(row.last_error) })),
          ['id', 'channel', 'alert_id', 'type', 'state', 'attempts', 'next_at', 'sent_at', 'last_status', 'last_error'],
        );
      }),
    );
  channels
    .command('replay')
    .description('send again what could not be delivered: one message, or all of a channel')
    .argument('<which>', 'id of a delivery, or name of a channel')
    .action((which: string) =>
      inContext(async (context) => {
        const ids = await replayDeliveries(context.db, await lettersOf(context, which), new Date());
        const deps = await deliverDeps(context, config(), environment);
        for (const id of ids) await deliver(deps, id).catch(() => undefined); // a worker will, if it does not go now
        await deps.outside.close();
        const sent = (await listDeliveries(context.db, { state: 'sent', limit: 1_000 })).filter(({ id }) =>
          ids.includes(id),
        );
        process.stdout.write(`${ids.length} put back, ${sent.length} of them delivered at once\n`);
      }),
    );
  channels
    .command('redact')
    .description('take the quoted posts out of what could not be delivered, for good; it cannot be replayed then')
    .argument('<which>', 'id of a delivery, or name of a channel')
    .action((which: string) =>
      inContext(async (context) => {
        const n = await redactDeliveries(context.db, await lettersOf(context, which));
        process.stdout.write(`${n} redacted\n`);
      }),
    );
}

async function tryChannel(context: Context & ChannelDeps, settings: Config, environment: Environment, name: string) {
  const { id } = await named(context, name);
  const deps = await deliverDeps(context, settings, environment);
  try {
    const { isSent, says } = await testChannel(deps, id);
    process.stdout.write(isSent ? `${visible(name)} works: ${visible(says)}\n` : '');
    if (isSent) return;
    process.stderr.write(`${visible(name)} does not work: ${visible(says)}\n`);
    process.exitCode = 1;
  } finally {
    await deps.outside.close();
  }
}

async function deliverDeps(
  { db, log, seal }: Context & ChannelDeps,
  settings: Config,
  environment: Environment,
): Promise<DeliverDeps> {
  const outside = createOutside({
    userAgent: `Sada/0.1 (+${settings.contact})`,
    allowPrivate: settings.allowPrivateWebhooks,
    smtpUrl: settings.smtpUrl,
  });
  // The log would tell on standard output what the command says in words.
  log.level = 'fatal';
  return { db, log, seal, outside, environment: (name) => environment[name], address: settings.publicUrl ?? null };
}

async function named({ db }: Context, name: string): Promise<StoredChannel> {
  const channel = await findChannelByName(db, name);
  if (!channel)
    throw new AppError('not_found', `there is no channel "${visible(name)}"; \`npx sada channels list\` shows them`);
  return channel;
}

async function lettersOf(context: Context, which: string): Promise<DeadLetters> {
  return UUID.test(which) ? { id: which } : { channelId: (await named(context, which)).id };
}

type Pair = [string, string];

function collect(value: string, before: Pair[]): Pair[] {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected field=value');
  return [...before, [value.slice(0, at), value.slice(at + 1)]];
}

function state(value: string): DeliveryState {
  const parsed = DeliveryState.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(`expected one of ${DeliveryState.options.join(', ')}`);
  return parsed.data;
}

/** A repeated field is a list; `to` is one always. */
function toSettings(pairs: readonly Pair[]): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of pairs) {
    const before = settings[name];
    if (name === 'to')
      settings[name] = [...((before as string[] | undefined) ?? []), ...value.split(',').map((one) => one.trim())];
    else settings[name] = name === 'topic_id' ? Number(value) : value;
  }
  return settings;
}

/** Reads a line from standard input: what stands in a command line is seen by others and kept by the shell. */
async function ask(field: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const given = await lines.question(`${field}: `);
  lines.close();
  return given.trim();
}

function showSecret(secret: string | null): void {
  if (secret === null) return;
  process.stdout.write(`${secret}\n`);
  process.stderr.write('Keep it now: the receiver checks signatures with it, and it is not shown again.\n');
}
