/**
 * Microsoft Teams, by a webhook of Workflows, with an Adaptive Card 1.4. A flow belongs to a person and goes with them:
 * then its address answers 404 or 410, and the channel says what to do. Teams drops no repeats and has no threads here.
 */
import { hostOf, JSON_HEADERS, outcomeOf } from './answers.ts';
import type { Channel } from './channel.ts';
import { cut, type Told, tell } from './wording.ts';

/** A card may have 28 kB; lines are cut until it fits. */
const MOST_BYTES = 26_000;
const MOST_TEXT = [700, 300, 120, 60];
const COLOURS = { info: 'accent', warning: 'warning', critical: 'attention' };

export const teams: Channel<'teams'> = {
  digests: true,
  render({ message, settings }) {
    const told = tell(message, settings.language);
    const sizes = MOST_TEXT.map((most) => envelope(card(told, most)));
    return (
      sizes.find((body) => Buffer.byteLength(body) < MOST_BYTES) ??
      envelope(card({ ...told, lists: [], excerpts: [] }, 300))
    );
  },
  async send({ body, secrets, now, signal }, outside) {
    const answer = await outside.post(secrets.url, JSON_HEADERS, body, signal);
    const { status } = answer;
    const outcome = outcomeOf(hostOf(secrets.url), answer, now);
    if (status === 404 || status === 410) {
      const says = `Teams answers ${status}: the flow is gone. A flow ends with the account of its owner: make a new one in Workflows and give its address to the channel`;
      return { result: 'broken', status, says };
    }
    if (status === 401 || status === 403) {
      const says = `Teams answers ${status}: the flow is off, or not open to anyone. Turn it on, and let “Anyone” trigger it`;
      return { result: 'broken', status, says };
    }
    if (status === 400)
      return { result: 'refused', status, says: 'Teams answers 400: the flow does not take this card' };
    return outcome;
  },
};

function envelope(content: object): string {
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return JSON.stringify({ type: 'message', attachments: [{ contentType, contentUrl: null, content }] });
}

function card(told: Told, most: number): object {
  const side = told.isRightToLeft ? { horizontalAlignment: 'Right' } : {};
  // In runs of text nothing is a link or a heading, whatever a post says; a TextBlock would read Markdown.
  const text = (line: string, look: object = {}, block: object = {}) => ({
    type: 'RichTextBlock',
    ...side,
    ...block,
    inlines: [{ type: 'TextRun', text: cut(line, most), ...look }],
  });
  const bold = { weight: 'bolder' };
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    lang: told.language,
    msteams: { width: 'Full' },
    body: [
      text(told.title, { ...bold, size: 'large', color: told.isOver ? 'good' : COLOURS[told.severity] }),
      text(told.sentence),
      ...told.facts.map(({ name, value }) => text(`${name}${told.words.colon}${value}`, {}, { spacing: 'small' })),
      ...told.lists.flatMap(({ name, lines }) => [
        text(name, bold),
        ...lines.map((line) => text(`• ${line}`, {}, { spacing: 'none' })),
      ]),
      ...(told.excerpts.length > 0 ? [text(told.words.examples, bold)] : []),
      ...told.excerpts.map((one) =>
        text(`${one.label} ${one.text} — ${one.source}`, { isSubtle: true }, { spacing: 'small' }),
      ),
    ],
    actions: told.links.map(({ name, url }) => ({ type: 'Action.OpenUrl', title: name, url })),
  };
}
