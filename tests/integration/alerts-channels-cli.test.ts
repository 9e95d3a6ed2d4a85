/** `sada channels` as people type it: channels are added, tried, listed and removed, and no secret is shown again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { TEST_SECRET } from '../helpers/databases.ts';
import { expect, test } from '../helpers/db.ts';
import { fittingSecrets, startReceiver, status } from '../helpers/receivers.ts';
import { runCli, sadaEnvironment } from '../helpers/sada.ts';

test('a channel is added, tried, looked at, mended and removed', async ({ url, db }) => {
  await db.query('select 1');
  const dataDir = await mkdtemp(join(tmpdir(), 'sada-channels-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const environment = sadaEnvironment(dataDir, {
    DATABASE_URL: url,
    SADA_SECRET: TEST_SECRET,
    SADA_ALLOW_PRIVATE_WEBHOOKS: receiver.hostAndPort,
    HOOK: `${receiver.url}/secret-path`,
  });
  const channels = (...args: string[]) => runCli(['channels', ...args], environment);

  const added = await channels('add', 'desk', 'webhook', '--secret', 'url=env:HOOK', '--budget', '2');
  expect(added.code).toBe(0);
  const [, made = ''] = /^(whsec_\S+)$/m.exec(added.stdout) ?? [];
  expect(await channels('test', 'desk')).toMatchObject({
    code: 0,
    stdout: 'desk works: 127.0.0.1 answers 204\n',
    stderr: '',
  });
  expect(receiver.received.map((one) => fittingSecrets(one, [made]))).toEqual([[made]]);

  receiver.answer(status(410));
  const failed = await channels('test', 'desk');
  expect(failed).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^desk does not work: .*gone for good\n$/),
  });
  const listed = await channels('list');
  expect(listed.stdout).toMatch(/desk +webhook +broken .*url env:HOOK, secret set.*gone for good/);
  expect(listed.stdout).not.toMatch(/whsec_|secret-path/);
  expect((await channels('resume', 'desk')).stdout).toBe('desk sends again\n');
  expect((await channels('deliveries', 'desk')).stdout).toMatch(/desk +– +test +cancelled +1 .* 410 /);

  expect(await channels('add', 'chat', 'slack')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('/secrets: give either'),
  });
  expect(await channels('add', 'chat', 'pigeon')).toMatchObject({ code: 2 });
  expect(await channels('test', 'nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no channel "nobody"'),
  });
  expect((await channels('remove', 'desk')).stdout).toBe('desk removed\n');
  expect((await channels('list')).stdout).toBe('none\n');
}, 240_000);
