import type { CrashScenario, States } from '@maintenance-tasks/rehearsal/crash-matrix';
import { slackStandIn } from '@maintenance-tasks/rehearsal/stand-ins/slack';
import { smtpStandIn } from '@maintenance-tasks/rehearsal/stand-ins/smtp';
import { teamsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/teams';
import { webhookStandIn } from '@maintenance-tasks/rehearsal/stand-ins/webhook';
import { SESSION } from './world.ts';

export const channelSecrets = {
  'slack-token': 'xoxb-rehearsal-token',
  'teams-webhook':
    'https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?sig=rehearsal',
  'webhook-url': 'https://hooks.example.com/maintenance?key=rehearsal-key',
  'webhook-secret': 'rehearsal-signing-key',
};

export const channelWorld: CrashScenario['world'] = (time) => [
  slackStandIn({ token: channelSecrets['slack-token'], channels: [{ id: 'C0123456789', name: 'maintenance' }] }, time),
  teamsStandIn({ workflows: [{ url: channelSecrets['teams-webhook'] }] }, time),
  webhookStandIn({ url: channelSecrets['webhook-url'], secret: channelSecrets['webhook-secret'] }, time),
];

/** What was told, by channel. */
function messages(states: States): Record<'slack' | 'teams' | 'webhook', readonly unknown[]> {
  const { channels } = states.Slack as { channels: { messages: unknown[] }[] };
  return {
    slack: channels.flatMap((channel) => channel.messages),
    teams: (states.Teams as { cards: unknown[] }).cards,
    webhook: (states.Webhook as { events: unknown[] }).events,
  };
}

const smtpPassword = 'rehearsal-smtp-password';

const scenarios: CrashScenario[] = [
  {
    name: 'notify',
    task: 'notify',
    inputs: {
      event: 'starting',
      channels: '- { kind: slack, channel: C0123456789 }\n- { kind: teams }\n- { kind: webhook }\n',
      session: SESSION,
      ...channelSecrets,
    },
    world: channelWorld,
    view: messages,
    // Nobody can ask Slack or Teams whether a message came through. So one may be there twice when the task is run
    // again, and one may be missing when the task says so.
    accepts: ({ view, log }) =>
      Object.entries(view as ReturnType<typeof messages>).every(
        ([channel, { length }]) =>
          length === 1 || length === 2 || (length === 0 && new RegExp(`${channel}.* was not told`).test(log)),
      ),
  },
  {
    name: 'notify by e-mail',
    task: 'notify',
    inputs: {
      event: 'starting',
      channels:
        '- { kind: email, from: a@example.com, to: [b@example.com], host: smtp.example.com, user: maintenance }\n',
      session: SESSION,
      'smtp-password': smtpPassword,
    },
    world: (time) => [smtpStandIn({ password: smtpPassword }, time)],
    // Nobody can ask a mail server either.
    accepts: ({ view, log }) => {
      const { mails } = (view as States)['Mail server'] as { mails: unknown[] };
      return mails.length === 1 || mails.length === 2 || (mails.length === 0 && /email .* was not told/.test(log));
    },
  },
];
export default scenarios;
