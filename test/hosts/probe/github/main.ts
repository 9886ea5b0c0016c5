import { runTask } from '@maintenance-tasks/core';
import { githubHost } from '@maintenance-tasks/hosts/github';
import task from '../task.ts';

void runTask(task, githubHost());
