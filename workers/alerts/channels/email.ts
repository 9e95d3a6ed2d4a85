/**
 * E-mail: written once, HTML and plain text, right to left for Arabic, and sent as those bytes at every attempt. Messages
 * of one alert refer to the first one, so that mail programs show one thread. smtp.ts hands it over.
 */
import { createTransport } from 'nodemailer';
import type { ChannelSettings } from '../../../shared/contracts/channels.ts';
import type { Channel, Rendering } from './channel.ts';
import { sendMail } from './smtp.ts';
import { cut, escapeHtml, oneLine, type Told, tell } from './wording.ts';

const COLOURS = { info: '#1d4ed8', warning: '#b45309', critical: '#b91c1c' };
const OVER = '#15803d';

export const email: Channel<'email'> = {
  digests: true,
  async render(input) {
    const { messageId, subject } = identityOf(input);
    return JSON.stringify({ messageId, subject, raw: await compose(input) });
  },
  async send({ body, settings, secrets, signal }, outside) {
    const { raw, messageId, subject } = JSON.parse(body) as Record<'raw' | 'messageId' | 'subject', string>;
    const outcome = await sendMail(outside, secrets.smtp_url, { from: settings.from, to: settings.to, raw }, signal);
    return outcome.result === 'sent' ? { ...outcome, receipt: { message_id: messageId, subject } } : outcome;
  },
};

/** Ids come from the event and the alert, so that a program that is started anew still finds the thread. */
function identityOf({ message, settings, channelId, first }: Rendering<'email'>) {
  const domain = settings.from.slice(settings.from.lastIndexOf('@') + 1);
  const id = (of: string) => `<${of.replace(/[^\w.-]/g, '.')}.${channelId}@${domain}>`;
  const subject = cut(oneLine(tell(message, settings.language).title), 180);
  return {
    messageId: id(`${message.event_id}`),
    thread: id(`alert.${message.dedup_key.slice(0, 64)}`),
    // Some programs take another subject for another thread.
    subject: first ? `Re: ${String(first.subject).replace(/^Re: /, '')}` : subject,
    answers: first ? String(first.message_id) : undefined,
  };
}

async function compose(input: Rendering<'email'>): Promise<string> {
  const { message, settings } = input;
  const { messageId, thread, subject, answers } = identityOf(input);
  const told = tell(message, settings.language);
  const { message: raw } = await createTransport({ streamTransport: true, buffer: true, newline: 'unix' }).sendMail({
    from: { name: 'Sada', address: settings.from },
    to: settings.to,
    subject,
    messageId,
    ...(answers ? { inReplyTo: answers } : {}),
    references: [thread, ...(answers ? [answers] : [])],
    date: new Date(message.at),
    list: { unsubscribe: [unsubscribe(settings, input.address)] },
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    text: textOf(told),
    html: htmlOf(told),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return Buffer.isBuffer(raw) ? raw.toString('utf8') : String(raw);
}

/** To the address that was named, else to the sender; and the installation itself, where people change channels. */
function unsubscribe({ unsubscribe: named, from }: ChannelSettings<'email'>, address: string | null): string[] {
  const first = named?.startsWith('http') ? named : `mailto:${named ?? from}?subject=unsubscribe`;
  return address ? [first, address] : [first];
}

function textOf(told: Told): string {
  const { colon } = told.words;
  return [
    told.title,
    '',
    told.sentence,
    '',
    ...told.facts.map(({ name, value }) => `${name}${colon}${value}`),
    ...told.lists.flatMap(({ name, lines }) => ['', `${name}${colon}`.trimEnd(), ...lines.map((line) => `- ${line}`)]),
    ...(told.excerpts.length > 0 ? ['', `${told.words.examples}${colon}`.trimEnd()] : []),
    ...told.excerpts.map(({ label, text, source, url }) => `[${label}] ${text}\n    ${source}${url ? ` ${url}` : ''}`),
    '',
    ...told.links.map(({ name, url }) => `${name}${colon}${url}`),
    '',
    '-- ',
    told.words.footer,
    '',
  ].join('\n');
}

function htmlOf(told: Told): string {
  const safe = escapeHtml;
  const colour = told.isOver ? OVER : COLOURS[told.severity];
  const side = told.isRightToLeft ? 'right' : 'left';
  const anchor = (url: string, name: string) => `<a href="${safe(url)}">${safe(name)}</a>`;
  const rows = told.facts.map(
    ({ name, value }) =>
      `<tr><th style="text-align:${side};padding:2px 12px 2px 0;color:#555;font-weight:normal">${safe(name)}</th><td style="padding:2px 0">${safe(value)}</td></tr>`,
  );
  const lists = told.lists.map(
    ({ name, lines }) =>
      `<p style="margin:16px 0 4px"><b>${safe(name)}</b></p><ul style="margin:0">${lines.map((line) => `<li dir="auto">${safe(line)}</li>`).join('')}</ul>`,
  );
  const excerpts = told.excerpts.map(
    ({ label, text, source, url }) =>
      `<blockquote dir="auto" style="margin:8px 0;padding:4px 12px;border:solid #ccc;border-width:0 3px">${safe(label)} ${safe(text)}<br><small>${url ? anchor(url, source) : safe(source)}</small></blockquote>`,
  );
  return `<!doctype html>
<html lang="${told.language}" dir="${told.isRightToLeft ? 'rtl' : 'ltr'}">
<head><meta charset="utf-8"><title>${safe(told.title)}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#111;max-width:640px;text-align:${side}">
<h1 style="font-size:19px;margin:0 0 8px;padding:0 10px;border:solid ${colour};border-width:0 5px">${safe(told.title)}</h1>
<p>${safe(told.sentence)}</p>
<table style="border-collapse:collapse">${rows.join('\n')}</table>
${lists.join('\n')}
${excerpts.length > 0 ? `<p style="margin:16px 0 4px"><b>${safe(told.words.examples)}</b></p>` : ''}
${excerpts.join('\n')}
<p>${told.links.map(({ name, url }) => anchor(url, name)).join(' · ')}</p>
<p style="color:#777"><small>${safe(told.words.footer)}</small></p>
</body>
</html>
`;
}
