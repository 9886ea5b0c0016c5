import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { finishing, night, starting, sweeping } from './session.ts';

const scenarios: CrashScenario[] = [
  { name: 'finish-maintenance', ...finishing, before: [starting], ...night, sweep: sweeping },
];
export default scenarios;
