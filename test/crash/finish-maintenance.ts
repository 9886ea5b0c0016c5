import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { starting } from './starting-maintenance.ts';
import { windowInputs, windowScenario } from './window.ts';

const scenarios: CrashScenario[] = [
  {
    name: 'finish-maintenance',
    task: 'finish-maintenance',
    inputs: { ...windowInputs, 'smoke-tests': 'success' },
    before: [starting],
    ...windowScenario,
  },
];
export default scenarios;
