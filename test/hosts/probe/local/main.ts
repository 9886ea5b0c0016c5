import { runTask } from '@maintenance-tasks/core';
import { localHost } from '@maintenance-tasks/hosts/local';
import task from '../task.ts';

void runTask(task, localHost(task));
