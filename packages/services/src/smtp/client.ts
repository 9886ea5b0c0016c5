import { Readable } from 'node:stream';
import { type AnyContext, TaskError } from '@maintenance-tasks/core';
import { connectionProblem, isLasting, neverLeft } from '@maintenance-tasks/core/connection-error';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** Encryption asked for after the greeting, or there from the first byte. There is no third way. */
  readonly security: 'starttls' | 'tls';
  /** Left out, nobody signs in. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Without angle brackets, as in all ids here. */
  readonly messageId: string;
  /** Id by which all mails of one matter stand together. */
  readonly thread: string;
}

type Context = Pick<AnyContext, 'log' | 'signal' | 'clean' | 'clock' | 'keepSecret'>;

const SYSTEM = 'The mail server';
/** For a whole mail. The library's own limits reach to ten minutes. */
const ATTEMPT_TIMEOUT = 45_000;
const SILENCE_TIMEOUT = 20_000;
const ATTEMPTS = 3;
const PAUSE = 2_000;
const LONGEST_QUOTE = 200;

/**
 * Sends one mail, encrypted or not at all. Sent again is only what surely was not sent: once the server has the text,
 * nobody can ask it whether it went on.
 *
 * @throws TaskError for anything but a mail that the server took for all its receivers
 */
export async function sendMail(context: Context, server: SmtpServer, mail: Mail): Promise<void> {
  const message = await messageOf(mail);
  for (let attempt = 1; ; attempt++) {
    const outcome = await talk(context, server, (connection) => hand(connection, mail, message));
    if (outcome === 'done') return;
    if (!isWorthRepeating(outcome) || attempt >= ATTEMPTS) throw problemOf(context, server, mail, outcome);
    const why = wordsOf(context, outcome.error);
    context.log.info(`${SYSTEM} ${server.host} did not take the mail (${why}); trying once more.`);
    await context.clock.sleep(PAUSE, context.signal);
  }
}

/** Why the server would take no mail, as far as that shows without sending one. */
export async function checkServer(context: Context, server: SmtpServer): Promise<string | undefined> {
  const outcome = await talk(context, server, async () => 'done');
  return outcome === 'done' ? undefined : problemOf(context, server, undefined, outcome).message;
}

/** The parts of the library's errors that are used. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

interface Failure {
  readonly error: SmtpError;
  /** Whether the server may have the whole text. */
  readonly textWasSent: boolean;
  /** Receivers that it took the mail for. */
  readonly accepted: readonly string[];
  readonly refused: readonly SmtpError[];
}

async function messageOf(mail: Mail): Promise<Buffer> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const composed = new MailComposer({
    from: mail.from,
    to: [...mail.to],
    subject: mail.subject,
    text: mail.text,
    messageId: `<${mail.messageId}>`,
    inReplyTo: `<${mail.thread}>`,
    references: `<${mail.thread}>`,
    // Out-of-office programs leave it alone then: RFC 3834, 5.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composed.compile().build();
}

/** Speaks with the server once the connection is encrypted and the user signed in. */
async function talk(
  context: Context,
  server: SmtpServer,
  exchange: (connection: SMTPConnection) => Promise<'done' | Failure>,
): Promise<'done' | Failure> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const { openSocket } = await import('@maintenance-tasks/core/socket');
  keepEncoded(context, server);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT)]);
  try {
    const socket = await openSocket(server, signal);
    const connection = new Connection({
      host: server.host,
      port: server.port,
      connection: socket,
      secure: server.security === 'tls',
      requireTLS: true,
      tls: { minVersion: 'TLSv1.2' },
      greetingTimeout: SILENCE_TIMEOUT,
      socketTimeout: SILENCE_TIMEOUT,
      name: 'maintenance-tasks.invalid',
    });
    try {
      await signedIn(connection, server);
      return await exchange(connection);
    } finally {
      connection.close();
      socket.destroy();
    }
  } catch (error) {
    context.signal.throwIfAborted();
    return failureOf(signal.aborted ? signal.reason : error);
  }
}

function signedIn(connection: SMTPConnection, { user, password = '' }: SmtpServer): Promise<void> {
  return new Promise((resolve, reject) => {
    // The first word counts: the library may say both, that it failed and that it ended.
    connection.on('error', reject);
    connection.on('end', () => reject(cutOff()));
    connection.connect((error) => {
      if (error) return reject(error);
      if (user === undefined) return resolve();
      connection.login({ credentials: { user, pass: password } }, (refusal) => (refusal ? reject(refusal) : resolve()));
    });
  });
}

/** Hands the mail over. */
function hand(connection: SMTPConnection, mail: Mail, message: Buffer): Promise<'done' | Failure> {
  let textWasSent = false;
  const content = contentOf(message, () => {
    textWasSent = true;
  });
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ ...failureOf(error), textWasSent });
    connection.on('error', fail);
    connection.on('end', () => fail(cutOff()));
    connection.send({ from: mail.from, to: [...mail.to] }, content, (error, info) => {
      if (error || !info) return fail(error);
      if (info.rejected.length === 0) return resolve('done');
      const refused = (info.rejectedErrors ?? []) as SmtpError[];
      const [first = new Error('some receivers were refused')] = refused;
      return resolve({ error: first, textWasSent, accepted: info.accepted, refused });
    });
  });
}

function failureOf(error: unknown): Failure {
  return {
    error: error as SmtpError,
    textWasSent: false,
    accepted: [],
    refused: (error as SmtpError | undefined)?.rejectedErrors ?? [],
  };
}

function cutOff(): Error {
  return Object.assign(new Error('the connection was cut'), { code: 'ECONNRESET' });
}

/** Whatever the server repeats of what it was told, its own form of the password included, must not be shown. */
function keepEncoded(context: Context, { user, password }: SmtpServer): void {
  if (user === undefined || !password) return;
  context.keepSecret(Buffer.from(`\0${user}\0${password}`).toString('base64'));
}

/** A stream is asked for its content only once the server has agreed to receive it. */
function contentOf(message: Buffer, onRead: () => void): Readable {
  return Readable.from(
    (function* () {
      onRead();
      yield message;
    })(),
  );
}

/** Whether the server may have the mail although it did not say so. */
function isUnknown({ error, textWasSent }: Failure): boolean {
  return textWasSent && error.responseCode === undefined;
}

function isWorthRepeating(failure: Failure): boolean {
  return !isUnknown(failure) && failure.accepted.length === 0 && isTransient(failure.error);
}

/** A refusal for now (4xx), or a connection that never came about or was cut; waiting in vain is not repeated. */
function isTransient(error: SmtpError): boolean {
  if (error.responseCode !== undefined) return error.responseCode >= 400 && error.responseCode < 500;
  return error.code === 'ECONNECTION' || error.code === 'ECONNRESET' || (neverLeft(error) && !isLasting(error));
}

function problemOf(context: Context, server: SmtpServer, mail: Mail | undefined, failure: Failure): TaskError {
  const { error, accepted, refused } = failure;
  const where = `${SYSTEM} ${server.host}`;
  if (mail && isUnknown(failure)) {
    return new TaskError('remote', {
      what: `${where} did not say whether it took the mail: ${wordsOf(context, error)}.`,
      unsure: `It is not known whether ${mail.to.join(', ')} will get it; it was not sent again.`,
      remedy: 'Ask one of the receivers. Run the step again if it did not arrive.',
    });
  }
  if (refused.length > 0) {
    const each = refused.map((one) => `${one.recipient ?? 'a receiver'} (${wordsOf(context, one)})`).join(', ');
    return new TaskError('remote', {
      what: `${where} refused the mail for ${each}.`,
      state: accepted.length > 0 ? `It took it for ${accepted.join(', ')}.` : 'Nobody will get it.',
      remedy: 'Correct these addresses, or ask the owner of the mail server; then tell those who did not get it.',
    });
  }
  const what = `${where} did not take the mail: ${wordsOf(context, error)}.`;
  if (error.code === 'EAUTH') {
    return new TaskError('auth', { what, remedy: 'Check the user of the channel and smtp-password.' });
  }
  if (error.code === 'ETLS') {
    return new TaskError('remote', {
      what,
      state: 'Nothing was sent, as mail is sent encrypted or not at all.',
      remedy:
        'Check host, port and security of the channel (starttls on 587, tls on 465 as a rule) and the server’s certificate; a CA of your own is named in NODE_EXTRA_CA_CERTS.',
    });
  }
  return new TaskError('remote', {
    what,
    remedy: 'Check host, port and security of the channel and what the mail server asks for, then run the step again.',
  });
}

/** The server's own words where it spoke; they may repeat what it was told. */
function wordsOf({ clean }: Context, error: SmtpError): string {
  const text = error.response ?? connectionProblem(error);
  const line = clean(text).replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}
