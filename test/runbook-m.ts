/** One row of the runbook of the monthly window, and where the example does it. */
export interface RunbookRow {
  readonly row: string;
  readonly what: string;
  /** The task, or what of the rehearsal itself stands for it. */
  readonly task: string;
  /** Title of the step in examples/monthly-window, the same on both hosts. */
  readonly step: string;
}

const row = (id: string, what: string, task: string, step: string): RunbookRow => ({ row: id, what, task, step });

const CHECK = 'Check everything and open the session';
const START = 'Tell, silence, show the page';
const FINISH = 'Take everything back';

/** Every row that a person does by hand today. None may be dropped: the test counts them. */
export const RUNBOOK_M: readonly RunbookRow[] = [
  row('M1', 'roster with roles and stand-ins', 'pre-maintenance', CHECK),
  row('M2', 'changes with tickets, tags, pipelines and scripts', 'pre-maintenance', CHECK),
  row('M3', 'scheduled jobs paused before the hard start', 'jobs', 'Pause the scheduled jobs'),
  row('M4', 'app gateway pipeline at its tag', 'run-pipeline', 'Run the app gateway’s pipeline at its tag'),
  row('M5', 'web servers out of the pool', 'traffic', 'Take web servers 1 to 5 out of the pool'),
  row('M5', 'web servers back into the pool', 'traffic', 'Put the web servers back into the pool'),
  row('M6', 'servers patched', 'run-script', 'Patch the web servers'),
  row('M7', 'second stage after approval', 'starting-maintenance', START),
  row('M8', 'channels told of the start', 'starting-maintenance', START),
  row('M9', 'Pingdom in maintenance with the page', 'starting-maintenance', START),
  row('M10', 'maintenance page by DNS', 'starting-maintenance', START),
  row('M11', 'certificate rotated', 'cert-upload', 'Rotate the public certificate'),
  row('M11', 'served certificate proven', 'smoke-tests', 'Prove the shop behind the page'),
  row('M12', 'scripts, a cluster upgrade among them', 'run-script', 'Upgrade the cluster'),
  row('M13', 'tool versions checked', 'pre-maintenance', CHECK),
  row('M14', 'office let in for the night', 'ip-allowlist', 'Let the office in for the night'),
  row('M15', 'entry removed from the directory’s DNS', 'run-script', 'Remove the old name from the directory’s DNS'),
  row('M16', 'change found necessary in the night', 'run-script', 'A change found necessary this night'),
  row('M17', 'smoke tests behind the page', 'smoke-tests', 'Prove the shop behind the page'),
  row('M17', 'smoke tests from outside', 'smoke-tests', 'Prove the shop from outside'),
  row('M17', 'full regression tests', 'run-pipeline', 'Run the full regression tests'),
  row('M18', 'page removed and cache purged', 'finish-maintenance', FINISH),
  row('M19', 'leftover files cleaned up', 'run-script', 'Clean up leftover files'),
  row('M19', 'jobs started again', 'finish-maintenance', FINISH),
  row('M20', 'channels told of the end', 'finish-maintenance', FINISH),
  row('M21', 'more alerts than Pingdom silenced', 'starting-maintenance', START),
  row('M22', 'access to every system checked', 'pre-maintenance', CHECK),
  row('M23', 'one approval a stage, by a name from the roster', 'approval', 'maintenance-finish'),
  row('M24', 'evidence kept', 'finish-maintenance', FINISH),
];
