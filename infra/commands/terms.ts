/**
 * `sada terms`: the terms that people added, adding and removing them, and what a term would match. Registered by infra/cli.ts.
 * Try it: npx sada terms preview fr "centre de données"
 */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { NewTerm } from '../../shared/contracts/api/topics.ts';
import { TermLanguage } from '../../shared/contracts/words.ts';
import { AppError } from '../../shared/errors.ts';
import { listTerms, listTopics } from '../../shared/store/topics.ts';
import { type Preview, previewTerms } from '../../shared/termPreview.ts';
import { addTerms, removeTerm } from '../../shared/terms.ts';
import { visible } from '../../workers/imports/visible.ts';
import type { Context, OpenContext } from '../context.ts';
import { printTable } from './table.ts';

/** Characters shown on either side of a match. */
const AROUND = 40;
const RESCORE =
  'Posts that come from now on follow; a running Sada takes it up within a second. Stored posts keep their topics until `npx sada rescore`.\n';

const language = () => new Argument('<language>', 'language of the terms').choices(TermLanguage.options);

function id(value: string): number {
  const n = Number(value);
  if (!/^[1-9]\d{0,9}$/.test(value) || n > 2_147_483_647)
    throw new InvalidArgumentError('expected the number that `sada terms` shows');
  return n;
}

/** Adds the commands for terms. */
export function registerTerms(program: Command, open: OpenContext): void {
  const inContext = async (work: (context: Context) => Promise<void>) => {
    const context = await open();
    try {
      await work(context);
    } finally {
      await context.close();
    }
  };
  const list = () =>
    inContext(async ({ db }) => printTable(await listed(db), ['id', 'topic', 'language', 'term', 'created_at']));
  const terms = program.command('terms').description('terms that people added to topics; lists them').action(list);
  terms.command('list').description('the same as `sada terms`').action(list);
  terms
    .command('add')
    .description('add terms to a topic; each is one argument, so quote those of several words')
    .argument('<topic>', 'code of the topic')
    .addArgument(language())
    .argument('<term...>', 'a word or several; begun with = it wants its capitals as written')
    .action((topic: string, of: NewTerm['language'], given: string[]) =>
      inContext(async ({ db }) => {
        const added = await addTerms(db, topic, toTerms(of, given)).catch((error: unknown) =>
          explain(db, error, given),
        );
        const n = added.terms.length;
        process.stdout.write(`${n} ${n === 1 ? 'term' : 'terms'} added to ${topic}\n`);
        process.stderr.write(RESCORE);
      }),
    );
  terms
    .command('remove')
    .description('remove a term that somebody added')
    .argument('<id>', 'its number', id)
    .action((termId: number) =>
      inContext(async ({ db }) => {
        const { topic, terms: removed } = await removeTerm(db, termId);
        process.stdout.write(`"${visible(removed[0]?.term ?? '')}" removed from ${topic.code}\n`);
        process.stderr.write(RESCORE);
      }),
    );
  terms
    .command('preview')
    .description('what terms would match among the latest 5,000 posts; changes nothing')
    .addArgument(language())
    .argument('<term...>', 'as for add')
    .option('--topic <code>', 'the topic they are for: says which posts it does not have yet')
    .action((of: NewTerm['language'], given: string[], { topic }: { topic?: string }) =>
      inContext(async ({ db }) => {
        const asked = { topic, terms: toTerms(of, given) };
        const preview = await previewTerms(db, asked).catch((error: unknown) => explain(db, error, given));
        process.stdout.write(describePreview(preview, topic));
      }),
    );
}

async function listed(db: Context['db']): Promise<object[]> {
  return (await listTerms(db)).map((term) => ({ ...term, term: visible(term.term) }));
}

function toTerms(language: NewTerm['language'], given: readonly string[]): NewTerm[] {
  return given.map((term) => ({ language, term }));
}

/** The same error in the words of the command: the term itself instead of its place, and which topics there are. */
async function explain(db: Context['db'], error: unknown, given: readonly string[]): Promise<never> {
  if (!(error instanceof AppError)) throw error;
  const isTopic = error.code === 'not_found' || error.errors.some(({ pointer }) => pointer === '/topic');
  if (isTopic) {
    const codes = (await listTopics(db)).map(({ code }) => code);
    const says = error.errors[0]?.detail ?? error.message;
    throw new AppError(error.code, `${visible(says)}; the topics are: ${codes.join(', ')}`);
  }
  const named = (place: string) => visible(JSON.stringify(given[Number(place)] ?? ''));
  const errors = error.errors.map(({ pointer, detail }) => ({
    pointer: named(/^\/terms\/(\d+)/.exec(pointer)?.[1] ?? ''),
    detail: detail.replace(/\/terms\/(\d+)/, (_, place: string) => named(place)),
  }));
  throw new AppError(error.code, error.message, { errors });
}

/** Figures first, then examples with the match between » and «. */
function describePreview(
  { looked, since, matched, matchedNew, terms, byTerm, examples }: Preview,
  topic?: string,
): string {
  if (looked === 0) return 'there are no posts to try it on\n';
  const figures = `${matched} of the latest ${looked} posts match (since ${since?.toISOString().slice(0, 10)})`;
  const lines = [
    topic === undefined ? figures : `${figures}; ${matchedNew} of them are new for ${topic}`,
    ...(terms.length > 1 ? terms.map(({ term }, index) => `  ${byTerm[index]}  ${visible(term)}`) : []),
    ...examples.map(({ id: post, text, spans }) => `  ${post}  ${spans[0] ? around(text, spans[0]) : ''}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function around(text: string, { start, end }: { start: number; end: number }): string {
  const [from, to] = [Math.max(0, start - AROUND), Math.min(text.length, end + AROUND)];
  const part = (a: number, b: number) => text.slice(a, b).toWellFormed().replace(/\s+/g, ' ');
  const marked = `${part(from, start)}»${part(start, end)}«${part(end, to)}`;
  return visible(`${from > 0 ? '…' : ''}${marked}${to < text.length ? '…' : ''}`);
}
