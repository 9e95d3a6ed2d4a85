/** The pages that need no key and hold no data: `/`, the API's documentation at /docs, and what a problem type means. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import express, { type Express } from 'express';
import { AppError } from '../shared/errors.ts';
import { describeProblem } from './problem.ts';

const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

const page = (title: string, head: string, body: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>${head}</head>
<body>${body}</body>
</html>
`;

const HOME = page(
  'Sada',
  '',
  `<h1>Sada <span lang="ar" dir="rtl">صدى</span></h1>
<p>What people say in public about Morocco as a digital hub.</p>
<ul><li><a href="/docs">Documentation of the API</a></li><li><a href="/v1/openapi.json">OpenAPI document</a></li>
<li><a href="/v1/series">Sentiment of the last 7 days</a></li></ul>`,
);

const DOCS = page(
  'Sada API',
  '<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png">',
  '<div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>',
);

// A file of its own: the content security policy allows no script inside the page. No validator: it is another site.
const START = `window.ui = SwaggerUIBundle({ url: '/v1/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });\n`;

/** Puts the pages on the app. */
export function mountDocs(app: Express, openApi: object): void {
  app.get('/', (_request, response) => void response.type('html').send(HOME));
  app.get('/docs', (_request, response) => void response.type('html').send(DOCS));
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  const assets = express.static(ASSETS, { index: false, redirect: false, maxAge: '1d' });
  for (const file of FILES) {
    app.get(`/docs/${file}`, (request, response, next) => {
      request.url = `/${file}`;
      assets(request, response, next);
    });
  }
  const document = JSON.stringify(openApi);
  app.get('/v1/openapi.json', (_request, response) => void response.type('json').send(document));
  app.get('/problems/:code', (request, response) => {
    const known = describeProblem(request.params.code);
    if (!known) throw new AppError('not_found', 'There is no such type of problem');
    response.json({ type: request.path, ...known });
  });
}
