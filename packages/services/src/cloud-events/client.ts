import { createHmac } from 'node:crypto';
import { type Http, TaskError } from '@maintenance-tasks/core';

/** An event as https://github.com/cloudevents/spec describes it, version 1.0. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly type: string;
  readonly source: string;
  /** With the source it identifies the event: the same for every attempt to deliver it. */
  readonly id: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: object;
}

/** Why an address cannot receive events, as a clause; nothing when it can. */
export function receiverProblem(address: string): string | undefined {
  if (!URL.canParse(address)) return 'webhook-url is not an address';
  const url = new URL(address);
  if (url.protocol === 'https:') return undefined;
  const loopback = url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.');
  return url.protocol === 'http:' && loopback ? undefined : 'webhook-url must begin with https://';
}

/**
 * The signature of a body: `v1=` and the HMAC-SHA-256, in hexadecimal, of timestamp, a dot and the body.
 * The timestamp (seconds) is signed, too, so that a receiver can refuse what was recorded and sent again later.
 */
export function signature(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Delivers an event in structured mode, several times if need be: receivers know duplicates by source and id. */
export async function sendCloudEvent(
  http: Http,
  receiver: { readonly url: string; readonly secret?: string | undefined },
  event: CloudEvent,
): Promise<void> {
  const problem = receiverProblem(receiver.url);
  if (problem) throw new TaskError('input', { what: `${problem}.`, remedy: 'Replace webhook-url.' });
  const body = JSON.stringify(event);
  const timestamp = String(Math.floor(Date.parse(event.time) / 1_000));
  const answer = await http.send({
    system: 'The webhook',
    method: 'POST',
    url: receiver.url,
    shownAs: 'the address webhook-url',
    repeatable: true,
    headers: {
      'content-type': 'application/cloudevents+json; charset=utf-8',
      ...(receiver.secret && {
        'maintenance-timestamp': timestamp,
        'maintenance-signature': signature(receiver.secret, timestamp, body),
      }),
    },
    body,
    timeout: 15_000,
    // A window does not wait long for a message to get through.
    patience: 30_000,
  });
  if (answer.status >= 200 && answer.status < 300) return;
  throw new TaskError(answer.status === 401 || answer.status === 403 ? 'auth' : 'remote', {
    what: `The webhook answered ${answer.status}.`,
    remedy: REMEDIES[answer.status] ?? 'Look at the log of the receiver; delivering the event again is harmless.',
  });
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'Check that webhook-secret is the key that the receiver has.',
  403: 'Check that webhook-secret is the key that the receiver has.',
  404: 'Check webhook-url.',
  410: 'The receiver is gone for good: remove the channel, or replace webhook-url.',
  415: 'The receiver does not take CloudEvents in structured mode (application/cloudevents+json).',
};
