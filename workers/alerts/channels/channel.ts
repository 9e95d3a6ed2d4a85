/**
 * What every kind of channel does: writes a message its own way, once, and hands it over, telling in plain words what came
 * of it. One kind a file in this folder; all.ts has the list. Called by workers/alerts/claim.ts and deliver.ts.
 */
import type { AlertMessage } from '../../../shared/contracts/alerts.ts';
import type { ChannelKind, ChannelSecrets, ChannelSettings } from '../../../shared/contracts/channels.ts';
import type { Receipt } from '../../../shared/store/deliveryWork.ts';
import type { Outside } from './outside.ts';

export type { Receipt };

/** What came of an attempt. `says` is for people: no secret, no text of a post. */
export type Outcome =
  | { result: 'sent'; status: number | null; says: string; receipt?: Receipt; quietMs?: number }
  /** Later it may go. `isSure`: it did not get through for certain. `waitMs`: as long as the receiver asks for. */
  | { result: 'later'; status: number | null; says: string; isSure: boolean; waitMs?: number }
  /** This message will never go. */
  | { result: 'refused'; status: number | null; says: string }
  /** None will, until a person mends the channel. */
  | { result: 'broken'; status: number | null; says: string };

export interface Rendering<K extends ChannelKind> {
  message: AlertMessage;
  settings: ChannelSettings<K>;
  channelId: number;
  /** What the first message of the same alert left at the receiver. */
  first: Receipt | null;
  /** Address of the installation, once it knows it. */
  address: string | null;
}

export interface Sending<K extends ChannelKind> {
  /** As it was written once, for every attempt. */
  body: string;
  eventId: string;
  isTest: boolean;
  settings: ChannelSettings<K>;
  /** Looked up. */
  secrets: ChannelSecrets<K>;
  now: Date;
  /** Aborted when the attempt has taken too long. */
  signal: AbortSignal;
}

export interface Channel<K extends ChannelKind> {
  /** Messages that were held together go out as one. Not where each alert is an incident of its own. */
  digests: boolean;
  /** What is sent. undefined: this kind has no such event. */
  render(input: Rendering<K>): Promise<string | undefined> | string | undefined;
  /** Throws what outside.ts throws, which deliver.ts puts into words. */
  send(input: Sending<K>, outside: Outside): Promise<Outcome>;
}
