import { choice, defineTask, duration, sessionInputs, TaskError, yaml } from '@maintenance-tasks/core';
import { azureAccess, monitoringSecrets } from '../credentials.ts';
import type { Suppressed } from './suppression.ts';

export default defineTask({
  name: 'monitoring-suppression',
  azure: { id: '481a2cc6-c403-4ee6-b137-82dd2f5b9cfa', category: 'Utility' },
  summary:
    'Keeps Pingdom, Datadog, Alertmanager, New Relic, PagerDuty and Azure Monitor from alerting while a window lasts, and announces it on Statuspage, with an end that those systems enforce.',
  needs: {
    Pingdom: ['API token with level Read/Write'],
    Datadog: ['monitors_downtime', 'events_read, for state: status only'],
    Alertmanager: ['Create and expire silences'],
    'New Relic': ['User key of a user who may change alerts'],
    PagerDuty: ['REST API key that may write'],
    'Azure Monitor': [
      'Microsoft.AlertsManagement/actionRules/read',
      'Microsoft.AlertsManagement/actionRules/write',
      'Microsoft.AlertsManagement/actionRules/delete',
    ],
    Statuspage: ['API key'],
  },
  mutates: true,
  inputs: {
    state: choice(['on', 'off', 'status'], {
      required: true,
      describe: 'Whether alerts shall be silenced (on), be let through again (off) or only be looked at (status).',
    }),
    systems: yaml(async () => (await import('./schema.ts')).suppressSchema, {
      required: true,
      describe: 'What to silence in which system: a YAML list, as the part suppress of the window file.',
      example: '- { system: pingdom, checks: [123456, 234567] }\n- { system: datadog, scope: "env:prod" }',
    }),
    for: duration({
      describe: 'How long, from now. Left out, until the end of the window that the session id carries.',
      example: '2h',
    }),
    longest: duration({ default: '24h', describe: 'No suppression may end later than this from now.' }),
    'look-back': duration({
      describe:
        'With state: status: how far back to look for alerts that went out all the same. Left out, since the first suppression of the session that is in force began.',
      example: '4h',
    }),
    ...monitoringSecrets,
    ...azureAccess,
    ...sessionInputs,
  },
  outputs: {
    ids: 'The suppressions of this session in force after this run, one a line: system, then id.',
    ends: 'When the first of them ends (ISO 8601, UTC).',
    changed: 'Whether this run changed anything: true or false.',
    alerted:
      'With state: status: how many alerts went out all the same, in Alertmanager, Datadog and PagerDuty; their table in the summary tells what would have caught each.',
  },
  async run({ inputs, ...context }) {
    const { monitoringCredentials, missingCredentials } = await import('./credentials.ts');
    const { state, session, systems } = inputs;
    const credentials = monitoringCredentials(inputs);
    const missing = missingCredentials(systems, credentials);
    if (missing.length > 0) {
      throw new TaskError('input', {
        what: `Credentials are missing: ${missing.join('; ')}.`,
        state: 'Nothing was changed.',
        remedy: 'Give all of them and run it again.',
      });
    }
    const common = { session, systems, credentials };
    if (state === 'status') {
      const { suppressionStatus } = await import('./status.ts');
      const { suppressed, alerted } = await suppressionStatus(context, { ...common, lookBack: inputs['look-back'] });
      return { ...asOutputs(suppressed, false), ...(alerted !== undefined && { alerted: String(alerted) }) };
    }
    const { endSuppressions, suppress } = await import('./suppression.ts');
    const { suppressionEnd } = await import('./plan.ts');
    const dryRun = inputs['dry-run'];
    if (state === 'off') {
      const { ended } = await endSuppressions(context, { ...common, dryRun });
      return { ids: '', ends: '', changed: String(ended.length > 0) };
    }
    const ends = suppressionEnd({ session, for: inputs.for, now: context.clock.now(), longest: inputs.longest });
    const { suppressed, changed } = await suppress(context, { ...common, ends, dryRun });
    return asOutputs(suppressed, changed);
  },
});

function asOutputs(suppressed: readonly Suppressed[], changed: boolean) {
  const first = suppressed.flatMap(({ ends }) => ends?.getTime() ?? []).sort((a, b) => a - b)[0];
  return {
    ids: suppressed.map(({ system, id }) => `${system} ${id}`).join('\n'),
    ends: first === undefined ? '' : new Date(first).toISOString(),
    changed: String(changed),
  };
}
