import { readFileSync } from 'node:fs';
import { messageOf } from '@maintenance-tasks/core';
import type { Environment } from './environment.ts';

/**
 * Announces the agent's proxy to our own process the way every program understands. Variables that somebody set on
 * purpose stay.
 *
 * @param secret reads a secret variable of the agent
 * @param mask is told the password before anything could print it
 */
export function announceProxy(
  environment: Environment,
  secret: (name: string) => string | undefined,
  mask: (line: string) => void,
): void {
  const url = environment.AGENT_PROXYURL;
  if (!url || !URL.canParse(url)) return;
  const proxy = new URL(url);
  const user = environment.AGENT_PROXYUSERNAME;
  const password = secret('AGENT_PROXYPASSWORD');
  if (user) proxy.username = encodeURIComponent(user);
  if (password) {
    mask(password);
    proxy.password = encodeURIComponent(password);
    if (proxy.password !== password) mask(proxy.password);
  }
  const known = (name: string) => environment[name] ?? environment[name.toLowerCase()];
  const shown = proxy.href.replace(/\/$/, '');
  if (known('HTTPS_PROXY') === undefined) environment.HTTPS_PROXY = shown;
  if (known('HTTP_PROXY') === undefined) environment.HTTP_PROXY = shown;
  const bypassed = bypassedHosts(environment.AGENT_PROXYBYPASSLIST);
  if (bypassed.length > 0 && known('NO_PROXY') === undefined) environment.NO_PROXY = bypassed.join(',');
}

/**
 * The agent's list has regular expressions (`.proxybypass`), NO_PROXY has host names: those expressions that stand for
 * a name and its sub-domains are carried over.
 */
export function bypassedHosts(list: string | undefined): string[] {
  let patterns: unknown;
  try {
    patterns = JSON.parse(list || '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(patterns)) return [];
  return patterns.flatMap((pattern: unknown) => {
    const host = String(pattern)
      .replace(/^\^?(https?:\/\/)?(\.\*|\*)?(\\?\.)?/, '')
      .replace(/(\/?\.?\*)?\$?$/, '')
      .replaceAll('\\.', '.')
      .replaceAll('\\-', '-');
    return /^[A-Za-z0-9.-]+$/.test(host) ? [host, `.${host}`] : [];
  });
}

/** Trusts the agent's own CA as well, where Node can be told so after its start; a sentence where it cannot. */
export function trustAgentCa(environment: Environment): string | undefined {
  const file = environment.AGENT_CAINFO;
  if (!file || environment.NODE_EXTRA_CA_CERTS) return undefined;
  const tls = process.getBuiltinModule('node:tls') as unknown as {
    getCACertificates?(type: 'default'): string[];
    setDefaultCACertificates?(certificates: string[]): void;
  };
  // Since Node 22.19 and 24.5.
  if (!tls.setDefaultCACertificates || !tls.getCACertificates)
    return `The agent's CA certificate ${file} is not used: on Node ${process.versions.node} set NODE_EXTRA_CA_CERTS to it on the agent.`;
  try {
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), readFileSync(file, 'utf8')]);
    return undefined;
  } catch (error) {
    return `The agent's CA certificate ${file} is not used: ${messageOf(error)}`;
  }
}
