import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { jiraStandIn } from '@maintenance-tasks/rehearsal/stand-ins/jira';
import { servicenowStandIn } from '@maintenance-tasks/rehearsal/stand-ins/servicenow';
import { zendeskStandIn } from '@maintenance-tasks/rehearsal/stand-ins/zendesk';
import { SESSION } from './world.ts';

const common = { event: 'commencing', session: SESSION };

const scenarios: CrashScenario[] = [
  {
    name: 'ticket in Jira',
    task: 'ticket',
    inputs: {
      ...common,
      system: 'jira',
      ticket: 'PLAT-1353',
      address: 'https://example.atlassian.net',
      visibility: 'internal',
      // By the transition's name, which is gone once it was gone.
      state: 'Start work',
      'fix-version': '2.102.0',
      'jira-user': 'release.manager@example.com',
      'jira-token': 'rehearsal-jira-token',
    },
    world: (time) => [
      jiraStandIn(
        {
          token: 'rehearsal-jira-token',
          projects: [{ key: 'PLAT', type: 'service_desk', versions: ['2.102.0'] }],
          issues: [{ key: 'PLAT-1353' }],
        },
        time,
      ),
    ],
  },
  {
    name: 'ticket on GitHub',
    task: 'ticket',
    inputs: {
      ...common,
      system: 'github',
      ticket: 'example-org/gateway#12',
      visibility: 'public',
      state: 'closed',
      'github-token': 'rehearsal-github-token',
    },
    world: (time) => [
      githubStandIn(
        {
          token: 'rehearsal-github-token',
          repositories: [{ name: 'example-org/gateway', issues: [{ number: 12 }] }],
        },
        time,
      ),
    ],
  },
  {
    name: 'ticket in ServiceNow',
    task: 'ticket',
    inputs: {
      ...common,
      system: 'servicenow',
      ticket: 'CHG0030001',
      address: 'https://example.service-now.com',
      visibility: 'internal',
      state: 'Implement',
      'servicenow-token': 'rehearsal-servicenow-token',
    },
    world: (time) => [
      servicenowStandIn({ token: 'rehearsal-servicenow-token', changes: [{ number: 'CHG0030001' }] }, time),
    ],
  },
  {
    name: 'ticket in Zendesk',
    task: 'ticket',
    inputs: {
      ...common,
      system: 'zendesk',
      ticket: '4711',
      address: 'https://example.zendesk.com',
      visibility: 'public',
      state: 'pending',
      'zendesk-user': 'release.manager@example.com',
      'zendesk-token': 'rehearsal-zendesk-token',
    },
    world: (time) => [zendeskStandIn({ token: 'rehearsal-zendesk-token', tickets: [{ id: 4711 }] }, time)],
  },
];
export default scenarios;
