import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import { smtpStandIn } from '@maintenance-tasks/rehearsal/stand-ins/smtp';
import { checkServer } from '@maintenance-tasks/services/smtp/client';
import task from '@maintenance-tasks/tasks/notify/task';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const PASSWORD = 'secret-smtp-password';
const CHANNEL = `- kind: email
  from: maintenance@example.com
  to: [customers@example.com, staff@example.com]
  host: smtp.example.com
  user: maintenance
`;

let runs: TaskRuns;
let server: ReturnType<typeof smtpStandIn>;
beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());

interface Mail {
  from: string;
  to: string[];
  headers: Record<string, string>;
  text: string;
}
const mails = () => (server.state() as { mails: Mail[] }).mails;

const never = () => Promise.reject(new Error('nothing is grouped here'));

function tell(
  more: Record<string, string> = {},
  seed: Parameters<typeof smtpStandIn>[0] = {},
  fault?: (call: CallStart) => Fault | undefined,
) {
  server = smtpStandIn({ password: PASSWORD, ...seed }, runs.clock);
  runs.use([server], { fault });
  return runs.run(task, {
    event: 'starting',
    channels: CHANNEL,
    session: SESSION,
    'smtp-password': PASSWORD,
    ...more,
  });
}

describe('notify by e-mail', () => {
  test.each(['starttls', 'tls'])('sends one mail to all receivers, encrypted by %s', async (security) => {
    const { outcome, shown } = await tell({ channels: `${CHANNEL}  security: ${security}\n`, title: 'Ünïcode 4.12' });
    expect(shown).not.toContain(PASSWORD);
    expect(outcome).toEqual({ ok: true });
    expect(mails()).toMatchObject([
      {
        from: 'maintenance@example.com',
        to: ['customers@example.com', 'staff@example.com'],
        headers: {
          from: 'maintenance@example.com',
          to: 'customers@example.com, staff@example.com',
          // RFC 2047: no byte outside of ASCII in a header.
          subject: expect.stringMatching(/^[\x20-\x7e]*=\?UTF-8\?[BQ]\?[\x20-\x7e]+$/i),
          'auto-submitted': 'auto-generated',
        },
        text: expect.stringContaining('Ends: 2026-11-22 02:30 UTC'),
      },
    ]);
  });

  test('gives the same mail the same id, and all mails of a session one thread', async () => {
    await tell();
    const [first] = mails();
    await tell();
    expect(mails()[0]?.headers['message-id']).toBe(first?.headers['message-id']);
    await tell({ event: 'finished' });
    const [last] = mails();
    expect(last?.headers['message-id']).not.toBe(first?.headers['message-id']);
    for (const mail of [first, last]) {
      expect(mail?.headers['in-reply-to']).toBe(`<${SESSION}@example.com>`);
      expect(mail?.headers.references).toBe(`<${SESSION}@example.com>`);
    }
  });

  test('lets nothing that is told become a header or end the mail', async () => {
    await tell({
      title: 'Release\u0085Bcc: others@example.com',
      details: 'Note: x\nBcc: others@example.com',
      message: '.\u2028.',
    });
    expect(Object.keys(mails()[0]?.headers ?? {})).not.toContain('bcc');
    expect(mails()[0]?.to).toEqual(['customers@example.com', 'staff@example.com']);
    expect(mails()[0]?.text).toContain('Bcc: others@example.com');
    await tell({ message: '.' });
    expect(mails()[0]?.text).toMatch(/^\.\n/);
  });

  test('sends nothing in plain text', async () => {
    const { outcome, outputs, warnings } = await tell({}, { 'offers-starttls': false });
    expect(outcome).toEqual({ ok: true });
    expect(outputs['failed-channels']).toBe('email customers@example.com');
    expect(warnings.join()).toMatch(/encrypted or not at all/);
    expect(mails()).toEqual([]);
  });

  test('takes a receiver that is refused for a failure, and says who has got it', async () => {
    const seed = { 'unknown-receivers': ['staff@example.com'] };
    const { outputs, warnings } = await tell({}, seed);
    expect(outputs['failed-channels']).toBe('email customers@example.com');
    expect(warnings.join()).toMatch(/refused the mail for staff@example\.com \(550 5\.1\.1/);
    expect(warnings.join()).toContain('It took it for customers@example.com.');
    expect(mails()).toMatchObject([{ to: ['customers@example.com'] }]);
    const required = await tell({ channels: `${CHANNEL}  required: true\n` }, seed);
    expect(required.outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(JSON.stringify(required.outcome)).toContain('It took it for customers@example.com.');
  });

  test.each([
    [{ password: 'another' }, /did not take the mail: 535 .*Check the user of the channel and smtp-password/],
    [{ senders: ['other@example.com'] }, /553 5\.7\.1 .*not owned by user/],
    [{ 'unknown-receivers': ['customers@example.com', 'staff@example.com'] }, /Nobody will get it/],
    [{ port: 2525 }, /cannot be|403|proxy/],
  ])('says why the server %j did not take it', async (seed, why) => {
    const { warnings, shown } = await tell({}, seed);
    expect(warnings.join()).toMatch(why);
    expect(shown).not.toContain(PASSWORD);
    expect(mails()).toEqual([]);
  });

  test('tries again what the server surely did not take', async () => {
    const { outputs, shown } = await tell({}, { busy: 2 });
    expect(outputs['failed-channels']).toBe('');
    expect(shown).toMatch(/System too busy.*trying once more/);
    expect(mails()).toHaveLength(1);
  });

  test('does not send again what may have been sent, and says so', async () => {
    const { warnings } = await tell({}, {}, ({ number }) => (number === 1 ? 'lost' : undefined));
    expect(warnings.join()).toMatch(/It is not known whether customers@example\.com, staff@example\.com will get it/);
    expect(mails()).toHaveLength(1);
    expect(runs.calls()).toHaveLength(1);
  });

  test('asks for the password before anybody is told', async () => {
    const { outcome } = await tell({ 'smtp-password': '' });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(JSON.stringify(outcome)).toContain('smtp-password is missing, for maintenance at smtp.example.com');
    expect(runs.calls()).toEqual([]);
  });

  test('is checked by signing in, without sending anything', async () => {
    const check = (seed: Parameters<typeof smtpStandIn>[0]) => {
      server = smtpStandIn({ password: PASSWORD, ...seed }, runs.clock);
      runs.use([server]);
      const signal = new AbortController().signal;
      const log = { debug: () => {}, info: () => {}, warning: () => {}, progress: () => {}, group: never };
      const context = { clock: runs.clock, signal, log, clean: (text: string) => text, keepSecret: () => {} };
      return checkServer(context, {
        host: 'smtp.example.com',
        port: 587,
        security: 'starttls',
        user: 'maintenance',
        password: PASSWORD,
      });
    };
    expect(await check({})).toBeUndefined();
    expect(await check({ password: 'another' })).toMatch(/did not take the mail: 535 .*smtp-password/);
    expect(await check({ 'offers-starttls': false })).toMatch(/encrypted or not at all/);
    expect(mails()).toEqual([]);
  });

  test.each([
    ['from: "a@example.com\\r\\nBcc: b@example.com"', /from is not a mail address/],
    ['to: []', /to/],
    ['security: none', /security/],
    ['host: "smtp.example.com:25"', /host is not a host name/],
  ])('refuses a channel with %s', async (line, why) => {
    const key = line.slice(0, line.indexOf(':'));
    const rest = CHANNEL.split('\n').filter((each) => !each.replace('- ', '  ').startsWith(`  ${key}:`));
    const { outcome } = await tell({ channels: [...rest, `  ${line}`].join('\n') });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(JSON.stringify(outcome)).toMatch(why);
  });
});
