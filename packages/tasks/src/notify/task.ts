import { choice, defineTask, list, map, sessionInputs, TaskError, text, yaml } from '@maintenance-tasks/core';
import { channelSecrets } from '../credentials.ts';
import { announce } from './announce.ts';
import { channelsFor, missingSecrets, notifySecrets } from './channels.ts';
import { EVENTS } from './plan.ts';

export default defineTask({
  name: 'notify',
  azure: { id: 'a70d6cbd-9370-43dd-ba70-f7066004893b', category: 'Utility' },
  summary: 'Tells Slack, Microsoft Teams, addressees of e-mail and your own webhooks how a maintenance window stands.',
  needs: {
    Slack: ['chat:write for a bot, which must be a member of the channel; or an incoming webhook'],
    'Microsoft Teams': ['A workflow with the trigger “When a Teams webhook request is received”'],
    SMTP: ['A server that encrypts, and a user who may send from the address of the channel'],
  },
  mutates: true,
  inputs: {
    event: choice(EVENTS, { required: true, describe: 'What is told.' }),
    channels: yaml(async () => (await import('./schema.ts')).channelsSchema, {
      required: true,
      describe: 'Who is told: a YAML list, as the part channels of the window file.',
      example: '- { kind: slack, channel: C0123456789 }\n- { kind: teams, required: true }',
    }),
    title: text({ describe: 'What the window is called; “Planned maintenance” when left out.' }),
    message: text({ describe: 'What customers notice, in your own words, instead of the sentence for the event.' }),
    starts: text({ describe: 'When the window starts, as readers shall see it.', example: '2026-11-22 02:00 UTC' }),
    ends: text({
      describe: 'When the window ends, as readers shall see it. Left out, the end that the session id carries.',
      example: '2026-11-22 06:00 UTC',
    }),
    disclaimer: text({
      default: 'standard',
      describe:
        'What readers are asked to mind before and during the window: `standard` (interruptions are possible, keep backups), `none`, or your own sentence.',
    }),
    details: map({ describe: 'Further facts to show, one a line: name: value.', example: 'Release: 4.12.0' }),
    ...channelSecrets,
    'slack-thread': list({
      describe:
        'The Slack messages of this session, as output slack-thread of an earlier step gave them. Left out, they are looked up in the evidence folder.',
      pattern: /^[CGD][A-Z0-9]{5,}:\d+\.\d+$/,
      patternMeans: 'a channel id and a message’s ts, such as C0123456789:1732233600.000100',
    }),
    ...sessionInputs,
  },
  outputs: {
    'failed-channels': 'Channels that could not be told, one a line.',
    'slack-thread': 'The Slack messages of this session, one a line; give them to later steps as slack-thread.',
  },
  async run({ inputs, ...context }) {
    const { event, session, title, message, starts, ends, disclaimer, details } = inputs;
    const secrets = notifySecrets(inputs);
    const missing = missingSecrets(channelsFor(inputs.channels, event), secrets);
    if (missing.length > 0) {
      throw new TaskError('input', {
        what: `Secrets are missing: ${missing.join('; ')}.`,
        state: 'Nobody was told.',
        remedy: 'Give all of them and run it again.',
      });
    }
    const told = await announce(context, {
      event,
      session,
      channels: inputs.channels,
      secrets,
      texts: {
        disclaimer,
        ...(title && { title }),
        ...(message && { message }),
        ...(starts && { starts }),
        ...(ends && { ends }),
        ...(details && { details }),
      },
      ...(inputs['slack-thread'] && { slackThread: inputs['slack-thread'].join('\n') }),
      evidence: inputs.evidence,
      dryRun: inputs['dry-run'],
    });
    return { 'failed-channels': told.failed.join('\n'), 'slack-thread': told.slackThread ?? '' };
  },
});
