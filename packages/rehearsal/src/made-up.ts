import { randomBytes } from 'node:crypto';
import { nearest } from '@maintenance-tasks/core';
import type { Authority } from './certificates.ts';
import { writePfx } from './pfx.ts';
import { type Rehearsal, SECRET_KINDS, type SystemsAsWritten } from './rehearsal-file.ts';
import type { MadeUpSecret } from './secrets.ts';
import type { Use } from './uses.ts';

type Kind = (typeof SECRET_KINDS)[number];
type Certificate = Extract<Rehearsal['secrets'][string], { certificate: unknown }>['certificate'];

/** All secrets of a rehearsal, and which of them each system must accept. */
export interface MadeUp {
  readonly secrets: readonly MadeUpSecret[];
  /** Values by what they are for. */
  readonly byKind: Readonly<Partial<Record<Kind, readonly string[]>>>;
  readonly notes: readonly string[];
}

/**
 * A value for every secret that the pipelines or the rehearsal file name. What it is for is read from the input it goes
 * to, so that most need no word in the rehearsal file.
 */
export function makeUpSecrets(
  uses: readonly Use[],
  rehearsal: Rehearsal,
  systems: SystemsAsWritten,
  authority: Authority,
  now: Date,
): MadeUp {
  const names = new Set([
    ...Object.keys(rehearsal.secrets),
    ...uses.flatMap((use) => (use.kind === 'secret' ? [use.name] : [])),
  ]);
  const secrets = new Map<string, MadeUpSecret>();
  const byKind: Partial<Record<Kind, string[]>> = {};
  const notes: string[] = [];
  const makeCertificates: (() => void)[] = [];
  for (const name of names) {
    if (name === 'GITHUB_TOKEN') continue;
    const told = rehearsal.secrets[name];
    const use = uses.find((each) => each.kind === 'secret' && each.name === name && each.input !== undefined);
    if (typeof told === 'object' && 'value' in told) {
      secrets.set(name, { name, value: told.value, pieces: [told.value] });
    } else if (typeof told === 'object' || (told === undefined && use?.input === 'certificate')) {
      const certificate = told?.certificate ?? assumedCertificate(use, notes);
      // Its password must have been made up before.
      makeCertificates.push(() => secrets.set(name, certificateSecret(name, certificate, secrets, authority, now)));
    } else {
      const kind = told ?? kindOf(use?.input);
      const secret = plainSecret(name, kind, systems);
      secrets.set(name, secret);
      byKind[kind] = [...(byKind[kind] ?? []), secret.value];
    }
  }
  for (const make of makeCertificates) make();
  for (const name of Object.keys(rehearsal.secrets)) {
    if (!uses.some((use) => use.name === name)) {
      const near = nearest(
        name,
        uses.map((use) => use.name),
      );
      notes.push(
        `No pipeline uses the secret ${name} of the rehearsal file${near && near !== name ? `; did you mean ${near}?` : ''}.`,
      );
    }
  }
  return { secrets: [...secrets.values()], byKind, notes };
}

function kindOf(input: string | undefined): Kind {
  return SECRET_KINDS.find((kind) => kind === input) ?? 'other';
}

function plainSecret(name: string, kind: Kind, systems: SystemsAsWritten): MadeUpSecret {
  const canary = randomBytes(15).toString('hex');
  const written = writtenValue(kind, systems);
  if (written !== undefined) return { name, value: written, pieces: [written] };
  const value =
    (
      {
        'slack-token': `xoxb-1000000001-${canary}`,
        'slack-webhook': `https://hooks.slack.com/services/T00000001/B00000001/${canary}`,
        'teams-webhook': `https://prod-01.westeurope.logic.azure.com:443/workflows/0a1b2c3d4e5f/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${canary}`,
        kubeconfig: kubeconfigOf(canary, systems.kubernetes?.host ?? 'k8s.example.com'),
        'webhook-url': `https://hooks.example.com/maintenance/${canary}`,
      } as Partial<Record<Kind, string>>
    )[kind] ?? `canary-${canary}`;
  return { name, value, pieces: [...new Set([value, canary])] };
}

/** Its CA is left out: the runner of a rehearsal trusts the rehearsal's own. */
function kubeconfigOf(token: string, host: string): string {
  return `apiVersion: v1
kind: Config
current-context: rehearsal
contexts: [{ name: rehearsal, context: { cluster: rehearsal, user: rehearsal } }]
clusters: [{ name: rehearsal, cluster: { server: "https://${host}:6443" } }]
users:
  - name: rehearsal
    user:
      token: ${token}
`;
}

/** Where the rehearsal file itself gives a system's secret, that one is it. */
function writtenValue(kind: Kind, systems: SystemsAsWritten): string | undefined {
  switch (kind) {
    case 'cloudflare-token':
      return systems.cloudflare?.tokens?.[0]?.token;
    case 'pingdom-token':
      return systems.pingdom?.token;
    case 'datadog-api-key':
      return systems.datadog?.['api-key'];
    case 'datadog-app-key':
      return systems.datadog?.['app-key'];
    case 'alertmanager-password':
      return systems.alertmanager?.password;
    case 'new-relic-key':
      return systems['new-relic']?.key;
    case 'pagerduty-token':
      return systems.pagerduty?.token;
    case 'statuspage-key':
      return systems.statuspage?.key;
    case 'slack-token':
      return systems.slack?.token;
    case 'slack-webhook':
      return systems.slack?.webhooks?.[0]?.url;
    case 'teams-webhook':
      return systems.teams?.workflows?.[0]?.url;
    case 'webhook-url':
      return systems.webhook?.url;
    case 'webhook-secret':
      return systems.webhook?.secret;
    case 'smtp-password':
      return systems.smtp?.password;
    case 'jira-token':
      return systems.jira?.token;
    case 'servicenow-password':
      return systems.servicenow?.password;
    case 'servicenow-token':
      return systems.servicenow?.token;
    case 'zendesk-token':
      return systems.zendesk?.token;
    case 'github-token':
      return systems.github?.token;
    case 'azure-devops-token':
      return systems['azure-devops']?.token;
    case 'kubernetes-token':
      return systems.kubernetes?.tokens?.[0]?.token;
    case 'rundeck-token':
      return systems.rundeck?.token;
    default:
      return undefined;
  }
}

function assumedCertificate(use: Use | undefined, notes: string[]): Certificate {
  const names = (use?.step.inputs.names ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const password = /(?:secrets\.|\$\()([A-Za-z_]\w*)/.exec(use?.step.inputs.password ?? '')?.[1];
  notes.push(`Assumed: ${use?.name} is a PFX for ${names.join(', ') || 'www.example.com'}, valid for 365 days.`);
  return {
    names: names.length > 0 ? names : ['www.example.com'],
    form: 'pfx',
    days: 365,
    ...(password && { password }),
  };
}

function certificateSecret(
  name: string,
  wanted: Certificate,
  secrets: ReadonlyMap<string, MadeUpSecret>,
  authority: Authority,
  now: Date,
): MadeUpSecret {
  const issued = authority.issue({
    names: wanted.names,
    // OpenSSL looks at the machine's own clock, tasks at the rehearsed one: it must be valid by both.
    notBefore: new Date(Math.min(now.getTime(), Date.now()) - 86_400_000),
    notAfter: new Date(Math.max(now.getTime(), Date.now()) + wanted.days * 86_400_000),
    key: 'rsa-2048',
  });
  if (wanted.form === 'pem') {
    const keyLines = issued.key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
    return { name, value: issued.key + issued.certificate + issued.chain, pieces: keyLines };
  }
  const password = wanted.password ? (secrets.get(wanted.password)?.value ?? '') : '';
  const chain = issued.chain.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----\n?/g) ?? [];
  const value = writePfx([issued.certificate, ...chain], issued.key, password).toString('base64');
  return { name, value, pieces: [value] };
}
