import { defineTask, sessionInputs, text } from '@maintenance-tasks/core';
import { windowFile, windowNeeds, windowSecrets } from '../window/inputs.ts';

export default defineTask({
  name: 'starting-maintenance',
  azure: { id: 'f9ff2cc7-9af0-4c4e-bf2f-bcd2873e2b3a', category: 'Deploy' },
  summary:
    'Begins an approved window: tells the channels, silences monitoring, shows the maintenance page, in that order. When one of them fails, what was done is undone in reverse.',
  needs: windowNeeds,
  mutates: true,
  inputs: {
    'window-file': windowFile,
    digest: text({
      required: true,
      describe: 'Digest of the plan that was approved, from pre-maintenance.',
      pattern: /^[0-9a-f]{64}$/,
      patternMeans: 'the digest that pre-maintenance gave out (64 hexadecimal digits)',
    }),
    ...windowSecrets,
    ...sessionInputs,
  },
  outputs: {
    'slack-thread': 'The Slack messages of this session, for later notify steps.',
    'failed-channels': 'Channels that could not be told, one a line.',
    showing: 'Hosts that show the maintenance page, one a line.',
  },
  async run({ inputs, ...context }) {
    const { windowAccess } = await import('../window/access.ts');
    const { startMaintenance } = await import('./start.ts');
    const { failedChannels, slackThread, showing } = await startMaintenance(context, {
      file: inputs['window-file'],
      digest: inputs.digest,
      session: inputs.session,
      access: windowAccess(inputs),
      evidence: inputs.evidence,
      dryRun: inputs['dry-run'],
    });
    return {
      'failed-channels': failedChannels.join('\n'),
      showing: showing.join('\n'),
      ...(slackThread && { 'slack-thread': slackThread }),
    };
  },
});
