import { runTask } from '@maintenance-tasks/core';
import { azureHost } from '@maintenance-tasks/hosts/azure';
import task from '../task.ts';

void runTask(task, azureHost());
