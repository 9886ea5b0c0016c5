import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { starting } from './starting-maintenance.ts';
import { windowScenario } from './window.ts';

const { sweep, ...world } = windowScenario;

const scenarios: CrashScenario[] = sweep
  ? [{ name: 'sweep of a whole window', ...sweep, before: [starting], ...world }]
  : [];
export default scenarios;
