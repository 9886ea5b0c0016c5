import { choice, defineTask, sessionInputs, text } from '@maintenance-tasks/core';
import { windowFile, windowNeeds, windowSecrets } from '../window/inputs.ts';

export default defineTask({
  name: 'finish-maintenance',
  azure: { id: 'c9f4221c-e55b-4765-9eff-4a12c03c26dc', category: 'Deploy' },
  summary:
    'Ends a window when its smoke tests passed: gives back traffic, takes the page away, lets monitoring alert and jobs run again, proves that nothing of the session is left, tells the channels and writes the evidence.',
  needs: {
    ...windowNeeds,
    'Kubernetes, Azure and others': ['What jobs, traffic and ip-allowlist need, where the window file has them'],
  },
  mutates: true,
  inputs: {
    'window-file': windowFile,
    outcome: choice(['success', 'failure', 'rescheduled'], {
      describe: 'How the night ended. Left out, it is a success when the smoke tests passed, and a failure otherwise.',
    }),
    'smoke-tests': text({
      describe:
        'How the smoke tests ended, in the host’s own word: needs.<job>.result on GitHub, the job’s result on Azure Pipelines, or passed, failed, skipped.',
      pattern: /^(passed|failed|success|failure|succeeded|succeededwithissues|skipped|cancelled|canceled|abandoned)$/i,
      patternMeans: 'the result of a job (success, failure, skipped …)',
    }),
    page: choice(['when-tests-passed', 'remove', 'keep'], {
      default: 'when-tests-passed',
      describe: 'Whether the maintenance page goes. While it stays, monitoring stays silent too, until its own end.',
    }),
    ...windowSecrets,
    ...sessionInputs,
  },
  outputs: {
    outcome: 'success, failure or rescheduled.',
    leftovers: 'What is left of the session, one a line; empty when all is as before.',
    'failed-channels': 'Channels that could not be told, one a line.',
    report: 'Path of the evidence page (HTML); a Markdown and a JSON file lie beside it.',
  },
  async run({ inputs, ...context }) {
    const { windowAccess } = await import('../window/access.ts');
    const { finishMaintenance } = await import('./finish.ts');
    const finished = await finishMaintenance(context, {
      window: inputs['window-file'].content,
      session: inputs.session,
      outcome: inputs.outcome,
      smokeTests: inputs['smoke-tests'],
      page: inputs.page,
      access: windowAccess(inputs),
      evidence: inputs.evidence,
      dryRun: inputs['dry-run'],
    });
    return {
      outcome: finished.outcome,
      leftovers: finished.leftovers.join('\n'),
      'failed-channels': finished.failedChannels.join('\n'),
      ...(finished.report && { report: finished.report }),
    };
  },
});
