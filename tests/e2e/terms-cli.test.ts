/** `sada terms` as people type it, beside a running Sada whose worker takes a term up without a restart. */
import { expect, onTestFinished, test } from 'vitest';
import { clientOf } from '../helpers/client.ts';
import { until } from '../helpers/drivers.ts';
import { runCli, sadaEnvironment, startSada } from '../helpers/sada.ts';

const WRONG: [string[], number, RegExp][] = [
  [['add', 'weather', 'fr', 'pluie'], 1, /no topic weather; the topics are: data_centres, .*, trade\n$/],
  [
    ['add', 'water', 'klingon', 'pluie'],
    2,
    /'klingon' is invalid for argument 'language'. Allowed choices are fr, ar, /,
  ],
  [['add', 'water', 'fr'], 2, /missing required argument 'term'/],
  [['add', 'water', 'fr', 'pluie', '!?'], 1, /Some values are wrong\n {2}"!\?": holds no word/],
  [
    ['add', 'water', 'fr', 'pluie', 'Khettara', 'Pluie'],
    1,
    /there already\n {2}"Khettara": the topic has it already, as term 1\n {2}"Pluie": is the same as "pluie"\n/,
  ],
  [['remove', '99'], 1, /There is no term 99\n/],
  [['remove', 'khettara'], 2, /expected the number that `sada terms` shows/],
  [['nothing'], 2, /too many arguments|unknown command/],
];

test('terms are listed, tried, added and removed, and a running Sada follows', async () => {
  const sada = await startSada();
  onTestFinished(() => sada.remove());
  const terms = (...args: string[]) => runCli(['terms', ...args], sadaEnvironment(sada.dataDir));
  const api = clientOf(sada.url);
  let n = 0;
  const topicsOfPush = async (): Promise<string[]> => {
    n += 1;
    const post = { site: 'example.ma', external_id: `p${n}`, text: `La grande \u001b[31m khettara ${n}` };
    await api.post('/v1/posts', { source: 'terms', posts: [post] });
    const found: { topics: { topic: string }[] } = await until(`post ${n}`, async () => {
      const { body } = await api.get('/v1/posts?limit=100');
      return body.posts.find(({ text }: { text: string }) => text.endsWith(`khettara ${n}`));
    });
    return found.topics.map(({ topic }) => topic);
  };

  expect(await terms()).toMatchObject({ code: 0, stdout: 'none\n' });
  expect(await topicsOfPush()).toEqual([]);
  const preview = await terms('preview', 'fr', 'khettara', 'séguia', '--topic', 'water');
  expect(preview).toMatchObject({ code: 0 });
  expect(preview.stdout).toMatch(
    /^1 of the latest 1 posts match \(since \d{4}-\d\d-\d\d\); 1 of them are new for water\n/,
  );
  expect(preview.stdout).toContain('»khettara« 1\n');
  expect(preview.stdout).not.toContain('\u001b'); // what a post says does not reach the terminal raw

  const added = await terms('add', 'water', 'fr', 'khettara', 'eau de puits');
  expect(added).toMatchObject({ code: 0, stdout: '2 terms added to water\n' });
  expect(added.stderr).toContain('npx sada rescore');
  await until('the worker to use the term', async () => (await topicsOfPush()).includes('water'));
  const { stdout } = await terms();
  expect(stdout).toMatch(/^id +topic +language +term +created at\n/);
  expect(stdout).toMatch(/^2 +water +fr +eau de puits .*\n1 +water +fr +khettara /m);

  for (const [args, code, says] of WRONG) {
    const result = await terms(...args);
    expect([args, result.code]).toEqual([args, code]);
    expect(result.stderr).toMatch(says);
  }
  expect(await terms('remove', '1')).toMatchObject({ code: 0, stdout: '"khettara" removed from water\n' });
  await until('the worker to forget the term', async () => (await topicsOfPush()).length === 0);
}, 600_000);
