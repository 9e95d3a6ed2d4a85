/** /v1/topics: what posts are sorted into, terms that people add, and what a term would match. */
import { Post } from '../../shared/contracts/api/posts.ts';
import {
  NewTermsAnswer,
  NewTermsBody,
  NewTopicAnswer,
  NewTopicBody,
  PreviewAnswer,
  PreviewBody,
  RemovedTermAnswer,
  TermParams,
  type Topic,
  TopicList,
  TopicParams,
  type TopicTerm,
} from '../../shared/contracts/api/topics.ts';
import { findPost } from '../../shared/store/postReads.ts';
import {
  FIRST_OWN_TOPIC,
  listTerms,
  listTopics,
  type StoredTerm,
  type Topic as TopicRow,
  topicsRevision,
} from '../../shared/store/topics.ts';
import { type Preview, previewTerms } from '../../shared/termPreview.ts';
import { addTerms, addTopic, removeTerm } from '../../shared/terms.ts';
import { mayDo } from '../auth.ts';
import { type Route, route } from '../route.ts';
import type { RouteDeps } from './deps.ts';

export function topicRoutes(deps: RouteDeps): Route[] {
  return [listRoute(deps), ...editRoutes(deps), previewRoute(deps)];
}

const write = { tag: 'topics', scope: 'write:topics', limit: 'write' } as const;

function listRoute({ db }: RouteDeps): Route {
  return route({
    method: 'get',
    path: '/v1/topics',
    summary: 'Topics, their names and the terms that people added',
    tag: 'topics',
    scope: 'read:aggregates',
    limit: 'read',
    schemas: { response: TopicList },
    handle: async () => {
      const revision = await topicsRevision(db); // before what it speaks of: never newer than that
      const [topics, terms] = [await listTopics(db), await listTerms(db)];
      return { revision, topics: topics.map((topic) => toTopic(topic, terms)) };
    },
  });
}

function editRoutes({ db }: RouteDeps): Route[] {
  return [
    route({
      ...write,
      method: 'post',
      path: '/v1/topics',
      summary: 'Add a topic',
      answers: 'created',
      schemas: { body: NewTopicBody, response: NewTopicAnswer },
      handle: async ({ body }) => {
        const { topic, terms, revision } = await addTopic(db, body);
        return { topic: toTopic(topic, terms), revision, rescore_needed: terms.length > 0 };
      },
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/topics/{code}/terms',
      summary: 'Add terms to a topic; posts that come from now on are matched with them',
      answers: 'created',
      schemas: { params: TopicParams, body: NewTermsBody, response: NewTermsAnswer },
      handle: async ({ params, body }) => {
        const { topic, terms, revision } = await addTerms(db, params.code, body.terms);
        return { topic: topic.code, terms: terms.map(toTerm), revision, rescore_needed: true };
      },
    }),
    route({
      ...write,
      method: 'delete',
      path: '/v1/topics/{code}/terms/{id}',
      summary: 'Remove a term that somebody added',
      schemas: { params: TermParams, response: RemovedTermAnswer },
      handle: async ({ params }) => {
        const { topic, terms, revision } = await removeTerm(db, toId(params.id), params.code);
        const [term] = terms.map(toTerm);
        if (!term) throw new Error('a removal that removed nothing');
        return { topic: topic.code, term, revision, rescore_needed: true };
      },
    }),
  ];
}

function previewRoute({ db, zone }: RouteDeps): Route {
  const inTurn = takeTurns();
  return route({
    ...write,
    method: 'post',
    path: '/v1/topics/preview',
    summary: 'What terms would match among the latest posts; nothing is changed',
    limit: 'query',
    schemas: { body: PreviewBody, response: PreviewAnswer },
    handle: async ({ body, caller }) => {
      const preview = await inTurn(() => previewTerms(db, body));
      const seesPosts = mayDo(caller, 'read:posts');
      const examples = await Promise.all(
        preview.examples.map(async ({ id, isNew, spans, text }) => {
          const post = seesPosts ? await findPost(db, zone, id) : null;
          // Edited or deleted since: the spans would point into another text.
          if (post === undefined || (post && post.text !== text)) return [];
          return [{ id: String(id), new: isNew, spans, post: post && Post.parse(post) }]; // as the list of posts has it
        }),
      );
      return toAnswer(preview, examples.flat());
    },
  });
}

function toAnswer(preview: Preview, examples: PreviewAnswer['examples']): PreviewAnswer {
  const { looked, since, matched, matchedNew, terms, byTerm } = preview;
  return {
    looked_at: looked,
    since: since?.toISOString() ?? null,
    matched,
    matched_new: matchedNew,
    terms: terms.map((term, index) => ({ ...term, matched: byTerm[index] ?? 0 })),
    examples,
  };
}

/** One after another: two at once would only share the core, and keep everybody else waiting. */
function takeTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

function toId(id: string): number {
  const value = Number(id);
  return value > 2_147_483_647 ? 0 : value; // no term has the id 0
}

function toTopic({ id, code, names }: TopicRow, terms: readonly StoredTerm[]): Topic {
  return { code, names, own: id >= FIRST_OWN_TOPIC, terms: terms.filter(({ topic }) => topic === code).map(toTerm) };
}

function toTerm({ id, language, term, created_at }: StoredTerm): TopicTerm {
  return { id, language, term, created_at: created_at.toISOString() };
}
