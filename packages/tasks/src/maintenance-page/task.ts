import { choice, defineTask, list, secret, sessionInputs, TaskError, text } from '@maintenance-tasks/core';
import { cloudflareToken } from '../credentials.ts';

export default defineTask({
  name: 'maintenance-page',
  azure: { id: 'd06f1d6f-77e7-445e-8ded-6bfb96f8e3d6', category: 'Deploy' },
  summary:
    'Puts a maintenance page in front of hosts by their Cloudflare DNS records, and gives the records back exactly as they were.',
  needs: { Cloudflare: ['Zone Read', 'DNS Write', 'Cache Purge'] },
  mutates: true,
  inputs: {
    state: choice(['on', 'off', 'status'], {
      required: true,
      describe: 'Whether the page shall be shown (on), be taken away (off) or only be looked at (status).',
    }),
    hosts: list({
      describe:
        'Hosts, one a line. Needed for on; without it, off and status look through all zones that the token can see.',
      example: 'www.example.com',
    }),
    target: text({
      describe:
        'What serves the page: a host name, an IPv4 or an IPv6 address. Needed for on. It should answer 503 with Retry-After and Cache-Control: no-store.',
      example: 'maintenance.example.com',
    }),
    'cloudflare-token': secret({ ...cloudflareToken, required: true }),
    ...sessionInputs,
  },
  outputs: {
    changed: 'Hosts that show the page since this run, one a line.',
    restored: 'Hosts whose records this run gave back, one a line.',
    showing: 'Hosts that show a maintenance page at the end of this run, one a line.',
  },
  async run({ inputs, ...context }) {
    const { pageStatus, removePage, showPage } = await import('./page.ts');
    const { state, hosts, target, session } = inputs;
    const common = { token: inputs['cloudflare-token'], session, dryRun: inputs['dry-run'] };
    const optional = { ...(hosts && { hosts }), ...(target && { target }) };
    if (state === 'status') {
      const pages = await pageStatus(context, { ...common, ...optional });
      return { showing: lines(pages.filter((page) => page.page !== 'off').map(({ host }) => host)) };
    }
    if (state === 'off') {
      const { restored, showing } = await removePage(context, { ...common, ...optional });
      return { restored: lines(restored), showing: lines(showing) };
    }
    if (!hosts || !target) throw neededForOn({ hosts, target });
    const { changed, showing } = await showPage(context, { ...common, hosts, target });
    return { changed: lines(changed), showing: lines(showing) };
  },
});

function neededForOn(inputs: Readonly<Record<string, unknown>>): TaskError {
  const missing = Object.keys(inputs).filter((name) => inputs[name] === undefined);
  return new TaskError('input', {
    what: `state: on needs ${missing.join(' and ')}.`,
    state: 'Nothing was changed.',
    remedy: `Give ${missing.join(' and ')} and run it again.`,
  });
}

function lines(entries: readonly string[]): string {
  return entries.join('\n');
}
