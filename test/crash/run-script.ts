import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import type { StandIn, StandInWorld } from '@maintenance-tasks/rehearsal/stand-in';
import { SESSION } from './world.ts';

/** What a script changes is its own affair; that its runner may die at any of its calls is the task's. */
function fileServer(_: StandInWorld): StandIn {
  const files = new Map<string, string>();
  return {
    name: 'file server',
    hosts: ['files.example.com'],
    answer({ method, url, body }) {
      if (method === 'PUT') files.set(url.pathname, body.toString());
      return { status: 200, body: files.get(url.pathname) ?? '' };
    },
    state: () => Object.fromEntries(files),
    leftovers: () => [],
  };
}

const CHANGE = `set -eu
call() { curl --silent --show-error --fail --max-time 10 --cacert "$NODE_EXTRA_CA_CERTS" "$@"; }
call --upload-file - https://files.example.com/banner <<< "back at four"
call https://files.example.com/banner
`;

const scenarios: CrashScenario[] = [
  {
    name: 'run-script',
    task: 'run-script',
    inputs: {
      script: 'change.sh',
      undo: 'undo.sh',
      environment: 'HTTPS_PROXY\nNODE_EXTRA_CA_CERTS',
      session: SESSION,
    },
    files: { 'change.sh': CHANGE, 'undo.sh': 'true\n' },
    world: (time) => [fileServer(time)],
  },
];
export default scenarios;
