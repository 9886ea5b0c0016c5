import {
  choice,
  defineTask,
  duration,
  list,
  SESSION_PATTERN,
  sessionInputs,
  text,
  yamlFile,
} from '@maintenance-tasks/core';
import { systemSecrets } from '../window/inputs.ts';

const { session: _, ...sharedInputs } = sessionInputs;

export default defineTask({
  name: 'sweep',
  azure: { id: '08c2ca9c-7b84-4e2e-adbc-77419cc8515a', category: 'Deploy' },
  summary:
    'Finds everything that a session, or any session whose window is over, left in the systems it is given access to, and puts it back. Fit to run on a schedule.',
  needs: {
    Cloudflare: ['Zone Read', 'DNS Write', 'Cache Purge'],
    Pingdom: ['API token with level Read/Write'],
    Datadog: ['monitors_downtime'],
    Alertmanager: ['Read and expire silences'],
    'New Relic': ['User key of a user who may change alerts'],
    PagerDuty: ['REST API key that may write'],
    'Azure Monitor': ['Microsoft.AlertsManagement/actionRules/read', 'Microsoft.AlertsManagement/actionRules/delete'],
    Statuspage: ['API key'],
  },
  mutates: true,
  inputs: {
    session: text({
      describe:
        'Sweep this session only, whether its window is over or not. Left out: every session whose window is over.',
      pattern: SESSION_PATTERN,
      patternMeans: 'a session id (3 to 32 lower-case letters, digits and dashes)',
    }),
    grace: duration({
      default: '2h',
      describe: 'How long after its window’s end a session counts as over. Does not matter when a session is named.',
    }),
    'window-file': yamlFile(async () => (await import('../window/schema.ts')).windowSchema, {
      describe:
        'Window file that names the systems: then all of them are looked at. Without it, Cloudflare and each monitoring system are, whose credentials are given.',
    }),
    'datadog-site': text({ default: 'datadoghq.com', describe: 'Datadog site, where no window file names it.' }),
    'alertmanager-urls': list({
      describe: 'Addresses of Alertmanagers, where no window file names them.',
      pattern: /^https?:\/\/\S+$/,
      patternMeans: 'an address such as https://alerts.example.com',
    }),
    'new-relic-accounts': list({
      describe: 'Numbers of New Relic accounts, where no window file names them; eu: before those in the EU.',
      example: '1234567\neu:7654321',
      pattern: /^((us|eu):)?\d+$/,
      patternMeans: 'the number of an account, such as 1234567 or eu:1234567',
    }),
    'pagerduty-region': choice(['us', 'eu'], {
      default: 'us',
      describe: 'Service region of PagerDuty, where no window file names it.',
    }),
    'azure-monitor-groups': list({
      describe: 'Resource groups that alert processing rules are made in, where no window file names them.',
      pattern: /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[^/\s]+$/i,
      patternMeans: 'the id of a resource group (/subscriptions/…/resourceGroups/…)',
    }),
    'statuspage-pages': list({
      describe: 'Ids of Statuspage pages, where no window file names them.',
      pattern: /^[a-z0-9]+$/,
      patternMeans: 'the id of a page',
    }),
    ...systemSecrets,
    ...sharedInputs,
  },
  outputs: {
    found: 'What was found, one a line.',
    left: 'How many of these are still there at the end.',
    sessions: 'The sessions they belong to, one a line.',
  },
  async run({ inputs, ...context }) {
    const { sweptParts } = await import('./systems.ts');
    const { sweep } = await import('./sweep.ts');
    const swept = await sweep(context, {
      session: inputs.session,
      grace: inputs.grace,
      parts: sweptParts(inputs),
      dryRun: inputs['dry-run'],
    });
    return { found: swept.found.join('\n'), left: String(swept.left), sessions: swept.sessions.join('\n') };
  },
});
