/** The OpenAPI 3.1 document, made from the routes themselves. Served at /v1/openapi.json and shown at /docs. */
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { type ZodObject, z } from 'zod';
import { Problem } from '../shared/contracts/api/common.ts';
import { MEDIA_TYPES } from './formats.ts';
import { PROBLEM_STATUSES } from './problem.ts';
import type { Route } from './route.ts';

const STATUS = { ok: 200, created: 201, accepted: 202, no_content: 204 } as const;

const DESCRIPTION = `Sentiment of what is said in public about Morocco as a digital hub.

Ranges are half-open (\`from\` is included, \`to\` is not) and snapped outward to whole UTC hours; days are local days of the
reporting zone. net = (positive − negative) / scored, with its 95 % interval. Filters take several values separated by
commas, and exclude with \`!=\`: \`?language=fr,ar&source!=3\`. Answers that depend on the data carry an ETag. Rate limits
follow draft-ietf-httpapi-ratelimit-headers; Idempotency-Key follows draft-ietf-httpapi-idempotency-key-header.`;

/** Builds the document. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, `sada_live_…`, made by `npx sada keys create`. On the machine itself none is needed.',
  });
  for (const one of routes) register(registry, one);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sada',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
  });
}

const Conditional = z.object({
  'If-Match': z
    .string()
    .meta({ description: 'The version that you saw, as "3", or *. 428 without, 412 when it has changed since' }),
});

function register(registry: OpenAPIRegistry, one: Route): void {
  const { params, query, body, response } = one.schemas;
  const status = STATUS[one.answers ?? 'ok'];
  registry.registerPath({
    method: one.method,
    path: one.path,
    operationId: `${one.method}${one.path.replace('/v1', '').replace(/[/{}]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary: one.summary,
    description: `Scope: \`${one.scope}\`. Limit: ${one.limit}.`,
    tags: [one.tag],
    request: {
      ...(params ? { params: params as ZodObject } : {}),
      ...(query ? { query: query as ZodObject } : {}),
      ...(one.conditional ? { headers: Conditional } : {}),
      ...(body ? { body: { content: { 'application/json': { schema: body } }, required: true } } : {}),
    },
    responses: {
      [status]: {
        description: 'Done',
        ...(response || one.stream ? { content: contentOf(one) } : {}),
        ...(one.table?.headers ? { headers: headersOf(one.table.headers) } : {}),
      },
      ...(one.tagged ? { 304: { description: 'Unchanged since the ETag in If-None-Match' } } : {}),
      ...Object.fromEntries(
        PROBLEM_STATUSES.map((problem) => [
          problem.status,
          { description: problem.title, content: { 'application/problem+json': { schema: Problem } } },
        ]),
      ),
    },
  });
}

function headersOf(described: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(described).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' as const } },
    ]),
  );
}

function contentOf(one: Route) {
  if (one.stream) return { 'text/event-stream': { schema: { type: 'string' as const } } };
  const text = { schema: { type: 'string' as const } };
  return {
    ...(one.schemas.response ? { [MEDIA_TYPES.json]: { schema: one.schemas.response } } : {}),
    ...(one.table ? { [MEDIA_TYPES.csv]: text, [MEDIA_TYPES.ndjson]: text } : {}),
  };
}
