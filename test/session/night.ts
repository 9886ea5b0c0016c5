import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inputs, TaskDefinition } from '@maintenance-tasks/core';
import type { StandIn, StandInRequest } from '@maintenance-tasks/rehearsal/stand-in';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { pingdomStandIn } from '@maintenance-tasks/rehearsal/stand-ins/pingdom';
import { slackStandIn } from '@maintenance-tasks/rehearsal/stand-ins/slack';
import type { RunResult, TaskRuns } from '../in-process-run.ts';

export const WINDOW = `name: Monthly window
window: { starts: 2026-11-21 18:00, ends: 2026-11-22 06:00, time-zone: UTC }
roster:
  - { name: release.manager@example.com, roles: [release-manager] }
  - { name: platform.lead@example.com, roles: [approver] }
page: { hosts: [www.example.com, my.example.com], target: maintenance.example.net }
suppress: [{ system: pingdom, checks: [4711] }]
channels: [{ kind: slack, channel: C0DAILYOPS }]
acceptance: [The shop answers]
`;

const SECRETS = { 'cloudflare-token': 'cf-token-1', 'pingdom-token': 'pd-token-1', 'slack-token': 'xoxb-token-1' };
const ZONE = {
  name: 'example.com',
  plan: 'pro' as const,
  records: [
    { name: 'www.example.com', type: 'CNAME' as const, content: 'shop.example.net', proxied: true, comment: 'shop' },
    { name: 'my.example.com', type: 'A' as const, content: '203.0.113.1', proxied: true },
    { name: 'my.example.com', type: 'A' as const, content: '203.0.113.2', proxied: true },
  ],
};

export type Answers = Readonly<
  Record<string, (request: StandInRequest, standIn: StandIn) => ReturnType<StandIn['answer']> | undefined>
>;

/** A night with a page, a silence and a channel, whose tasks run in this process. */
export function nightOf(runs: TaskRuns) {
  let standIns: StandIn[] = [];
  /** @param instead answers that a system gives instead of its own, by its name */
  const begin = (instead: Answers = {}) => {
    const page: StandIn = {
      name: 'Page',
      hosts: ['maintenance.example.net'],
      answer: () => ({
        status: 503,
        headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
        body: 'Back soon',
      }),
      state: () => ({}),
      leftovers: () => [],
    };
    const fresh: StandIn[] = [
      cloudflareStandIn({ zones: [ZONE], tokens: [{ token: SECRETS['cloudflare-token'] }] }, runs.clock),
      pingdomStandIn({ token: SECRETS['pingdom-token'], checks: [{ id: 4711, name: 'Shop' }] }, runs.clock),
      slackStandIn({ token: SECRETS['slack-token'], channels: [{ id: 'C0DAILYOPS', name: 'daily-ops' }] }, runs.clock),
    ];
    standIns = [...fresh, page];
    for (const name of ['maintenance-evidence'])
      rmSync(join(runs.workingFolder, name), { recursive: true, force: true });
    mkdirSync(runs.workingFolder, { recursive: true });
    writeFileSync(join(runs.workingFolder, 'window.yaml'), WINDOW);
    answerWith(instead);
  };
  const answerWith = (instead: Answers) => {
    runs.use(
      standIns.map((standIn) => ({
        ...standIn,
        answer: (request) => instead[standIn.name]?.(request, standIn) ?? standIn.answer(request),
      })),
    );
  };
  const run = <I extends Inputs>(task: TaskDefinition<I>, inputs: Record<string, string> = {}): Promise<RunResult> =>
    runs.run(task, { 'window-file': 'window.yaml', ...SECRETS, ...inputs });
  const stateOf = (name: string) => JSON.stringify(standIns.find((standIn) => standIn.name === name)?.state());
  /** Further systems of this night. */
  const addSystems = (others: readonly StandIn[]) => {
    standIns = [...standIns, ...others];
    answerWith({});
  };
  return {
    begin,
    addSystems,
    answerWith,
    run,
    stateOf,
    write: (name: string, text: string) => writeFileSync(join(runs.workingFolder, name), text),
    leftovers: () => standIns.flatMap((standIn) => standIn.leftovers()),
  };
}
