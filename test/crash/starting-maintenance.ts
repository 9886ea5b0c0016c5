import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { night, starting, sweeping } from './session.ts';

const scenarios: CrashScenario[] = [{ name: 'starting-maintenance', ...starting, ...night, sweep: sweeping }];
export default scenarios;
