import { boolean, defineTask, newSessionId, SESSION_PATTERN, sessionInputs, text } from '@maintenance-tasks/core';
import { ticketAccess } from '../credentials.ts';
import { windowFile, windowSecrets } from '../window/inputs.ts';

const { deadline, evidence } = sessionInputs;

export default defineTask({
  name: 'pre-maintenance',
  azure: { id: 'e8d06590-dff9-49b7-a3aa-b1701d841239', category: 'Deploy' },
  summary:
    'Checks everything a window needs before it may begin (clock, people, tool versions, access to every system), opens the session and shows the plan. Changes nothing.',
  needs: {
    Cloudflare: ['Zone Read', 'DNS Read'],
    Pingdom: ['API token with level Read/Write'],
    Datadog: ['monitors_downtime'],
    Slack: ['chat:write'],
    'Jira, GitHub, ServiceNow, Zendesk': ['Read the tickets of the changes'],
    'GitHub, Azure DevOps': ['Read the tags of the changes'],
    'Kubernetes, Azure and others': ['Read what jobs, traffic and ip-allowlist will change'],
    'Azure Key Vault': ['Microsoft.KeyVault/vaults/certificates/read'],
  },
  mutates: false,
  inputs: {
    'window-file': windowFile,
    'check-only': boolean({
      default: 'false',
      describe: 'Check on any day before: the clock does not count and no session is opened.',
    }),
    // pre-maintenance gives the session out; one is given only to go on with it after a failed start.
    session: text({
      describe: 'Id of a session to go on with. Left out, a new one is opened.',
      pattern: SESSION_PATTERN,
      patternMeans: 'a session id (3 to 32 lower-case letters, digits and dashes)',
    }),
    ...ticketAccess,
    ...windowSecrets,
    deadline,
    evidence,
  },
  outputs: {
    session: 'Id of the session; every later task of the night is given it.',
    digest: 'Digest of what was checked and shown; starting-maintenance refuses when it has changed since.',
    'tag-commits': 'The commits of the changes’ tags, one a line; run-pipeline is given them and refuses what moved.',
    plan: 'The plan in Markdown, for the people who approve it.',
    ends: 'When the window ends (ISO 8601, UTC).',
    'minutes-left': 'Minutes until the window ends.',
  },
  async run({ inputs, ...context }) {
    const { windowAccess } = await import('../window/access.ts');
    const { ticketAccessOf } = await import('../ticket/access.ts');
    const { checkWindow } = await import('./check.ts');
    const { timesOf } = await import('../window/times.ts');
    const file = inputs['window-file'];
    const { ends } = timesOf(file.content);
    const session = inputs.session ?? newSessionId(ends);
    const checkOnly = inputs['check-only'];
    if (!checkOnly) context.openSession(session);
    const { digest, plan, tagCommits } = await checkWindow(context, {
      file,
      access: windowAccess(inputs),
      tickets: ticketAccessOf(inputs),
      checkOnly,
      session,
      evidence: inputs.evidence,
    });
    const minutes = Math.max(0, Math.round((ends.getTime() - context.clock.now().getTime()) / 60_000));
    return {
      ...(!checkOnly && { session }),
      digest,
      plan,
      'tag-commits': tagCommits.join('\n'),
      ends: ends.toISOString(),
      'minutes-left': String(minutes),
    };
  },
});
