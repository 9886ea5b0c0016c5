import { boolean, choice, defineTask, duration, filePath, list, sessionInputs, text } from '@maintenance-tasks/core';
import { unplannedInputs } from '../unplanned.ts';

const VARIABLE = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, patternMeans: 'the name of an environment variable' };
const EXIT_CODE = { pattern: /^\d{1,10}$/, patternMeans: 'an exit code' };

export default defineTask({
  name: 'run-script',
  azure: { id: 'b0d619e8-5c05-4731-af04-9d136ad97b0c', category: 'Deploy' },
  summary:
    'Runs a PowerShell, bash or Node script of the night with its undo script known, a time limit, only the environment it is given, and evidence.',
  needs: { Runner: ['whatever the script itself needs, by the variables it is given'] },
  mutates: true,
  inputs: {
    state: choice(['run', 'undo'], { default: 'run', describe: 'Whether to run the script or its undo script.' }),
    script: filePath({ required: true, describe: 'The script.', example: 'scripts/patch-group.ps1' }),
    shell: choice(['by-ending', 'pwsh', 'powershell', 'bash', 'node'], {
      default: 'by-ending',
      describe:
        'What runs it. By its ending: .ps1 pwsh (on Windows without it, Windows PowerShell), .sh bash, .js .mjs .cjs node.',
    }),
    arguments: list({
      repeatable: true,
      describe: 'Arguments of the script, one a line, given to it as they are: no shell reads them. Never a secret.',
      example: '-Group\n2026-11 web servers',
    }),
    undo: filePath({
      describe: 'The script that takes back what this one does. Either this or irreversible: true is required.',
      example: 'scripts/patch-group.ps1',
    }),
    'undo-arguments': list({
      repeatable: true,
      describe: 'Arguments of the undo script, one a line; those of the script when left out.',
      example: '-Group\n2026-11 web servers\n-Remove',
    }),
    irreversible: boolean({
      default: 'false',
      describe: 'Nothing takes back what the script does, and whoever approved the night knows it.',
    }),
    again: boolean({
      default: 'false',
      describe:
        'Run it although it ran in this session already (same script, same arguments, not undone since), as the evidence folder tells.',
    }),
    timeout: duration({
      default: '10m',
      describe: 'When the script and everything it started is ended: first asked to (SIGTERM), then killed.',
    }),
    environment: list({
      ...VARIABLE,
      describe:
        'Names of variables that the script is given, one a line. Otherwise it sees only PATH, HOME and the like, and MAINTENANCE_SESSION.',
      example: 'WSUS_SERVER',
    }),
    'secret-environment': list({
      ...VARIABLE,
      describe:
        'Names of variables with secrets that the script is given, one a line. Their values are masked before it starts.',
    }),
    'working-folder': text({ describe: 'Folder the script starts in; that of the pipeline when left out.' }),
    'ok-exit-codes': list({ ...EXIT_CODE, default: '0', describe: 'Exit codes that mean success, one a line.' }),
    'warn-exit-codes': list({
      ...EXIT_CODE,
      describe: 'Exit codes that mean success with a warning, one a line (3010: a restart is needed).',
      example: '3010',
    }),
    ...unplannedInputs,
    ...sessionInputs,
  },
  outputs: {
    outcome: 'succeeded or warned; failed or stopped when the task fails.',
    'exit-code': 'What the script ended with; empty when it was stopped.',
    sha256: 'SHA-256 of the script that ran.',
    seconds: 'How long it took.',
  },
  async run({ inputs, ...context }) {
    const { noteUnplanned, requireReason } = await import('../unplanned.ts');
    const { runScript } = await import('./run.ts');
    requireReason(inputs);
    noteUnplanned(context.report, inputs, `${inputs.script} (${inputs.state})`);
    return runScript(context, {
      state: inputs.state,
      script: { path: inputs.script, arguments: inputs.arguments ?? [] },
      undo:
        inputs.undo === undefined
          ? undefined
          : { path: inputs.undo, arguments: inputs['undo-arguments'] ?? inputs.arguments ?? [] },
      irreversible: inputs.irreversible,
      shell: inputs.shell,
      again: inputs.again,
      timeout: inputs.timeout,
      environment: inputs.environment ?? [],
      secretEnvironment: inputs['secret-environment'] ?? [],
      workingFolder: inputs['working-folder'],
      okExitCodes: inputs['ok-exit-codes'].map(Number),
      warnExitCodes: (inputs['warn-exit-codes'] ?? []).map(Number),
      evidence: inputs.evidence,
      session: inputs.session,
      dryRun: inputs['dry-run'],
    });
  },
});
