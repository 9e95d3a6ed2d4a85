/** The work of alerts, in one import for workers/main.ts: it loads while the database is waited for. */
export { createOutside } from './channels/outside.ts';
export { deliver } from './deliver.ts';
export { fillScope } from './scopes.ts';
export { watch } from './watch.ts';
