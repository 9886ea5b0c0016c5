import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { night, starting, sweeping } from './session.ts';

const scenarios: CrashScenario[] = [{ name: 'sweep', ...sweeping, ...night, before: [starting] }];
export default scenarios;
