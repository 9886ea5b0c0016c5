import { parseYaml } from '@maintenance-tasks/core/yaml';
import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { planDigest } from '@maintenance-tasks/tasks/window/digest';
import { windowSchema } from '@maintenance-tasks/tasks/window/schema';
import { windowFile, windowInputs, windowScenario } from './window.ts';

const digest = await planDigest({
  path: 'window.yaml',
  text: windowFile,
  content: parseYaml(windowFile, windowSchema),
});

export const starting = { task: 'starting-maintenance', inputs: { ...windowInputs, digest } };

const scenarios: CrashScenario[] = [{ name: 'starting-maintenance', ...starting, ...windowScenario }];
export default scenarios;
