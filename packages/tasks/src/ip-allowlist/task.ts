import {
  boolean,
  choice,
  defineTask,
  duration,
  list,
  secret,
  sessionInputs,
  text,
  yamlFile,
} from '@maintenance-tasks/core';
import { cloudflareToken } from '../credentials.ts';

export default defineTask({
  name: 'ip-allowlist',
  azure: { id: '3de08fca-b3aa-4734-b44f-4e8b54b293ab', category: 'Deploy' },
  summary:
    'Puts addresses on a Cloudflare IP list for as long as a window lasts, limits hosts to that list, and takes back exactly what it put there.',
  needs: {
    Cloudflare: [
      'Account Filter Lists Write on the account of the list',
      'Zone Read and Zone WAF Write on the zones of the hosts (only where hosts are limited to the list)',
    ],
  },
  mutates: true,
  inputs: {
    state: choice(['add', 'remove', 'status'], {
      required: true,
      describe:
        'add the addresses (and limit the hosts), remove all that this session added (and free the hosts), or only look (status).',
    }),
    account: text({
      required: true,
      describe: 'Id of the Cloudflare account that owns the list.',
      example: '0123456789abcdef0123456789abcdef',
      pattern: /^[0-9a-f]{32}$/,
      patternMeans: 'the id of an account (32 hexadecimal digits)',
    }),
    list: text({
      required: true,
      describe: 'Name of the IP list, as rules refer to it, without the dollar sign. It must be there already.',
      example: 'maintenance_access',
      pattern: /^[a-z0-9_]{1,50}$/,
      patternMeans: 'the name of a list (lower-case letters, digits and underscores)',
    }),
    addresses: list({
      describe: 'IPv4 and IPv6 addresses and ranges, one a line. For add only: remove takes all of the session.',
      example: '203.0.113.0/28\n2001:db8:1::7',
    }),
    'own-address': boolean({
      default: 'false',
      describe: 'Also add the address from which this runner reaches the internet.',
    }),
    'own-address-from': text({
      default: 'https://www.cloudflare.com/cdn-cgi/trace',
      describe:
        'Where to ask for the runner’s own address: an https address that answers with the address alone, or with a line ip=… as Cloudflare does.',
      pattern: /^https:\/\/[^\s?#@]+$/,
      patternMeans: 'an https address without user, query or fragment',
    }),
    'named-sets': list({
      describe: 'Names of address sets in the window file, one a line.',
      example: 'office-vpn',
    }),
    'window-file': yamlFile(async () => (await import('./schema.ts')).windowAddressesSchema, {
      describe: 'The window file with the part addresses that named-sets are looked up in.',
      example: 'maintenance-window.yaml',
    }),
    'allow-wide-ranges': boolean({
      default: 'false',
      describe: 'Accept ranges wider than /24 (IPv4) or /48 (IPv6), which are mostly mistakes.',
    }),
    hosts: list({
      describe:
        'Hosts that only the list may reach while the window lasts, one a line: a zone custom rule blocks everybody else. Their records must be proxied. On remove and status, left out: all zones that the token can see are looked through.',
      example: 'my.example.com',
    }),
    rule: text({
      describe:
        'Reference (ref) or id of a custom rule that is there already and is changed instead of adding one, where the plan has no room for another. It is given back exactly as it was.',
    }),
    for: duration({
      describe: 'How long, from now. Left out, until the end of the window that the session id carries.',
      example: '2h',
    }),
    longest: duration({ default: '24h', describe: 'No entry may stay longer than this from now.' }),
    'cloudflare-token': secret({
      ...cloudflareToken,
      required: true,
      describe:
        'Cloudflare API token with Account Filter Lists Write on the account and, for hosts, Zone Read and Zone WAF Write on their zones.',
    }),
    ...sessionInputs,
  },
  outputs: {
    added: 'Addresses that this run put on the list, one a line.',
    removed: 'Addresses that this run took off the list, one a line.',
    standing: 'Addresses that are on the list for this session after this run, one a line.',
    limited: 'Hosts that only the list may reach by a rule of this session after this run, one a line.',
    ends: 'When the first of the entries of this session is due to be removed (ISO 8601, UTC).',
    changed: 'Whether this run changed anything: true or false.',
  },
  async run({ inputs, ...context }) {
    const { state, session, account, hosts } = inputs;
    const scope = { token: inputs['cloudflare-token'], session, account, list: inputs.list, ...(hosts && { hosts }) };
    const dryRun = inputs['dry-run'];
    if (state === 'status') {
      const { allowlistStatus } = await import('./status.ts');
      return asOutputs(await allowlistStatus(context, scope));
    }
    if (state === 'remove') {
      const { removeAllowlistEntries } = await import('./remove.ts');
      return asOutputs(await removeAllowlistEntries(context, { ...scope, dryRun }));
    }
    const { addAllowlistEntries } = await import('./add.ts');
    const { allowlistEnd } = await import('./plan.ts');
    const { wantedAddresses } = await import('./wanted.ts');
    const ends = allowlistEnd({ session, for: inputs.for, now: context.clock.now(), longest: inputs.longest });
    const addresses = await wantedAddresses(context, {
      addresses: inputs.addresses ?? [],
      ownAddressFrom: inputs['own-address'] ? inputs['own-address-from'] : undefined,
      namedSets: inputs['named-sets'] ?? [],
      sets: inputs['window-file']?.content.addresses,
      allowWide: inputs['allow-wide-ranges'],
    });
    const rule = inputs.rule === undefined ? {} : { rule: inputs.rule };
    return asOutputs(await addAllowlistEntries(context, { ...scope, ...rule, addresses, ends, dryRun }));
  },
});

function asOutputs(result: {
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
  readonly standing: readonly string[];
  readonly limited: readonly string[];
  readonly ends?: Date | undefined;
  readonly changed?: boolean;
}) {
  return {
    added: (result.added ?? []).join('\n'),
    removed: (result.removed ?? []).join('\n'),
    standing: result.standing.join('\n'),
    limited: result.limited.join('\n'),
    ends: result.ends?.toISOString() ?? '',
    changed: String(result.changed ?? false),
  };
}
