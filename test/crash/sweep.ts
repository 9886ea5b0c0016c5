import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { night, starting, sweeping } from './session.ts';

const scenarios: CrashScenario[] = [{ name: 'sweep of a started night', ...sweeping, before: [starting], ...night }];
export default scenarios;
