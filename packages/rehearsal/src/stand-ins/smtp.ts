import type { Socket } from 'node:net';
import { z } from 'zod';
import type { Conversation, StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';

export const smtpSeed = z.strictObject({
  host: z.string().default('smtp.example.com').describe('Name of the mail server.'),
  port: z.int().default(587).describe('Port on which it offers STARTTLS.'),
  'tls-port': z.int().default(465).describe('Port on which it is encrypted from the start.'),
  'offers-starttls': z.boolean().default(true).describe('Without it, the server takes mail in plain text only.'),
  user: z.string().default('maintenance').describe('The user it knows.'),
  password: z.string().default('smtp-password').describe('The password of the user.'),
  'asks-for-user': z.boolean().default(true).describe('Whether mail is taken from those only who signed in.'),
  'unknown-receivers': z.array(z.string()).default([]).describe('Addresses that it refuses.'),
  senders: z.array(z.string()).optional().describe('Addresses that the user may send from; any when left out.'),
  busy: z.int().min(0).default(0).describe('How often it says that it is too busy before it takes a mail.'),
});

interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

interface Session {
  secure: boolean;
  known: boolean;
  from: string | undefined;
  to: string[];
  /** Lines of the mail, while they come. */
  data: string[] | undefined;
  /** Takes the next line instead of a command. */
  next: ((line: string) => string) | undefined;
}

const STARTS_TLS = '220 2.0.0 Ready to start TLS';

/** A mail server for submission: RFC 5321, 3207 (STARTTLS), 4954 (AUTH). */
export function smtpStandIn(given: z.input<typeof smtpSeed>, _world: StandInWorld): StandIn {
  const seed = smtpSeed.parse(given);
  const mails: Taken[] = [];
  let busy = seed.busy;

  /** The reply to a command. */
  function command(session: Session, line: string): string {
    const [verb, rest] = [line.slice(0, 4).toUpperCase(), line.slice(4).trim()];
    if (verb === 'QUIT') return '221 2.0.0 Bye';
    if (verb === 'EHLO' || verb === 'HELO') return greetingOf(session);
    if (/^STARTTLS$/i.test(line))
      return seed['offers-starttls'] && !session.secure ? STARTS_TLS : '502 5.5.1 Command not implemented';
    if (verb === 'RSET') {
      Object.assign(session, { from: undefined, to: [] });
      return '250 2.0.0 OK';
    }
    if (verb === 'AUTH') return authenticate(session, rest);
    if (verb === 'MAIL') return sender(session, rest);
    if (verb === 'RCPT') return receiver(session, rest);
    if (verb !== 'DATA') return '500 5.5.2 Command unrecognized';
    if (session.to.length === 0) return '503 5.5.1 No valid recipients';
    session.data = [];
    return '354 Start mail input; end with <CRLF>.<CRLF>';
  }

  function greetingOf(session: Session): string {
    const offers = [
      ...(seed['offers-starttls'] && !session.secure ? ['STARTTLS'] : []),
      ...(session.secure ? ['AUTH PLAIN LOGIN'] : []),
      '8BITMIME',
    ];
    const lines = [seed.host, ...offers];
    return lines.map((each, index) => `250${index === lines.length - 1 ? ' ' : '-'}${each}`).join('\r\n');
  }

  function authenticate(session: Session, rest: string): string {
    if (!session.secure) return '538 5.7.11 Encryption required for requested authentication mechanism';
    const check = (user: string | undefined, password: string | undefined) => {
      session.known = user === seed.user && password === seed.password;
      return session.known ? '235 2.7.0 Authentication successful' : '535 5.7.8 Authentication credentials invalid';
    };
    const [mechanism = '', first] = rest.split(' ');
    if (/^PLAIN$/i.test(mechanism) && first) {
      const [, user, password] = decoded(first).split('\0');
      return check(user, password);
    }
    if (!/^LOGIN$/i.test(mechanism)) return '504 5.5.4 Unrecognized authentication type';
    session.next = (user) => {
      session.next = (password) => check(decoded(user), decoded(password));
      return '334 UGFzc3dvcmQ6';
    };
    return '334 VXNlcm5hbWU6';
  }

  function sender(session: Session, rest: string): string {
    if (seed['asks-for-user'] && !session.known) return '530 5.7.0 Authentication required';
    const [, address = ''] = /^FROM:<([^>]*)>/i.exec(rest) ?? [];
    if (seed.senders && !seed.senders.includes(address))
      return `553 5.7.1 ${address}: Sender address rejected: not owned by user ${seed.user}`;
    Object.assign(session, { from: address, to: [] });
    return '250 2.1.0 OK';
  }

  function receiver(session: Session, rest: string): string {
    if (session.from === undefined) return '503 5.5.1 Need MAIL before RCPT';
    const [, address = ''] = /^TO:<([^>]*)>/i.exec(rest) ?? [];
    if (seed['unknown-receivers'].includes(address)) return `550 5.1.1 ${address}: Recipient address rejected`;
    session.to.push(address);
    return '250 2.1.5 OK';
  }

  /** A mail and its envelope, which the proxy may lose on the way here. */
  function take({ method, body }: StandInRequest): StandInAnswer {
    if (method !== 'MAIL') return { status: 404, body: 'a mail server' };
    const { from, to, lines } = JSON.parse(body.toString()) as { from: string; to: string[]; lines: string[] };
    if (busy > 0) {
      busy -= 1;
      return { status: 451, body: '451 4.3.2 System too busy, try again later' };
    }
    mails.push({ from, to, ...readMail(lines) });
    return { status: 250, body: `250 2.0.0 OK queued as ${mails.length}` };
  }

  function converse(conversation: Conversation, secureAtOnce: boolean): void {
    const session: Session = {
      secure: secureAtOnce,
      known: false,
      from: undefined,
      to: [],
      data: undefined,
      next: undefined,
    };
    let socket = secureAtOnce ? conversation.encrypt() : conversation.socket;
    const say = (reply: string) => {
      if (socket.writable) socket.write(`${reply}\r\n`);
    };
    const hear = (line: string) => {
      if (session.data === undefined) {
        const take = session.next ?? ((said: string) => command(session, said));
        session.next = undefined;
        const reply = take(line);
        say(reply);
        if (reply !== STARTS_TLS) return;
        socket.removeAllListeners('data');
        session.secure = true;
        socket = conversation.encrypt();
        listen(socket, hear);
      } else if (line !== '.') {
        session.data.push(line.startsWith('.') ? line.slice(1) : line);
      } else {
        const mail = JSON.stringify({ from: session.from, to: session.to, lines: session.data });
        session.data = undefined;
        conversation.ask('MAIL', Buffer.from(mail), ({ status, body }) => {
          if (typeof body === 'string') say(body);
          else say(status >= 500 ? '554 5.3.0 Transaction failed' : '451 4.3.0 Try again later');
        });
      }
    };
    listen(socket, hear);
    say(`220 ${seed.host} ESMTP`);
  }

  return {
    name: 'Mail server',
    // Nothing but mail is spoken there: at any other port nobody answers.
    hosts: [],
    connection: ({ host, port }) =>
      host === seed.host && (port === seed.port || port === seed['tls-port'])
        ? (conversation) => converse(conversation, port === seed['tls-port'])
        : undefined,
    answer: take,
    state: () => ({ mails }),
    // A mail stays: it is the record of what was told.
    leftovers: () => [],
  };
}

function listen(socket: Socket, hear: (line: string) => void): void {
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      hear(line);
    }
  });
  socket.resume();
}

/** Its headers with lower-case names, unfolded; and its text, as far as a plain one is read. */
function readMail(lines: readonly string[]): Pick<Taken, 'headers' | 'text'> {
  const end = lines.indexOf('');
  const unfolded = lines
    .slice(0, end)
    .join('\r\n')
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    unfolded.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = lines.slice(end + 1).join('\n');
  const encoding = headers['content-transfer-encoding']?.toLowerCase();
  if (encoding === 'base64') return { headers, text: decoded(body) };
  if (encoding !== 'quoted-printable') return { headers, text: body };
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return { headers, text: Buffer.from(bytes, 'latin1').toString() };
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
