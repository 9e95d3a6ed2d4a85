/** Every connector there is, by its kind. A new source is one file beside this one and one line here. */
import { feed } from './feed.ts';
import type { Connector } from './source.ts';

export const connectors: ReadonlyMap<string, Connector> = new Map(
  [feed].map((connector) => [connector.kind, connector as Connector]),
);
