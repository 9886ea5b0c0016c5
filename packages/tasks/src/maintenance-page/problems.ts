import type { DnsRecord, Zone } from '@maintenance-tasks/services/cloudflare/client';
import { typeOf } from './host-name.ts';
import { addressesOf, type Name, type Noted, type Standing, shown } from './standing.ts';

/** Why a host cannot be dealt with; `refused` unless told. `conflict` is drift: two parties changed the same thing. */
export interface Problem {
  readonly text: string;
  readonly kind?: 'conflict' | 'auth' | 'remote';
}

/** A zone whose records have no effect, or another effect than a proxied record's. */
export function zoneProblems(zone: Zone): Problem[] {
  const problems: Problem[] = [];
  if (zone.status !== 'active')
    problems.push({ text: `The zone ${zone.name} is ${zone.status}, not active: its records have no effect.` });
  if (zone.paused)
    problems.push({
      text: `The zone ${zone.name} is paused: Cloudflare proxies nothing of it, so a changed origin would be public DNS.`,
    });
  return problems;
}

/** What keeps a name without any note from showing the page. */
export function plainProblems({ host, records }: Name, target: string): Problem[] {
  const addresses = addressesOf(records);
  const unproxied = addresses.filter(({ proxied }) => proxied !== true);
  const problems: Problem[] = [];
  if (target === host) problems.push({ text: `${host}: the page cannot be the host itself.` });
  if (records.some(({ type }) => type === 'NS'))
    problems.push({
      text: `${host}: it is delegated to other name servers (NS record), so its records here have no effect.`,
    });
  else if (addresses.length === 0)
    problems.push({
      text: `${host}: it has no A, AAAA or CNAME record. A name that only a wildcard answers needs a record of its own.`,
    });
  if (addresses.some(({ meta }) => meta?.read_only))
    problems.push({
      text: `${host}: its record belongs to another Cloudflare product (a Worker’s or R2’s custom domain) and cannot be changed here.`,
    });
  if (addresses.some(({ private_routing: routing }) => routing))
    problems.push({ text: `${host}: its record uses private routing, which could not be given back as it was.` });
  if (unproxied.length > 0)
    problems.push({
      text: `${host}: ${shown(unproxied)}. Resolvers would go on giving out the old address for its time to live; turn the proxy on well before the window.`,
    });
  return problems;
}

/** Why a name that carries a note already does not get this page. */
export function takenProblem(name: Name, standing: Exclude<Standing, { kind: 'plain' }>, session: string): Problem {
  if (standing.kind === 'damaged') return damagedProblem(name, standing.record);
  if (standing.session !== session) {
    return {
      kind: 'conflict',
      text: `${name.host}: it carries the page of session ${standing.session} already; finish that session first (state: off, or sweep).`,
    };
  }
  if (standing.kind === 'changed') return changedProblem(name, standing);
  return {
    kind: 'conflict',
    text:
      standing.kind === 'page'
        ? `${name.host}: this session already shows ${standing.state.target} on it; take that off (state: off) before another page is put up.`
        : `${name.host}: somebody took this session’s page off by hand and left its note; clear that up first (state: off).`,
  };
}

/** Drift, with what was set and what was found. */
export function changedProblem(name: Name, { state }: Noted): Problem {
  const was = shown([{ type: typeOf(state.target), content: state.target }]);
  return {
    kind: 'conflict',
    text: `${name.host}: the session set ${was}, and somebody changed it since: it stands at ${shown(addressesOf(name.records))}. Before the page it stood at ${shown(state.formers)}. Set the one that is right by hand, with the comment removed.`,
  };
}

/** A note that was cut or edited. */
export function damagedProblem(name: Name, record: DnsRecord): Problem {
  return {
    kind: 'conflict',
    text: `${name.host}: the note on its ${record.type} record was edited and cannot be trusted, so nothing is restored from it. It stands at ${shown(addressesOf(name.records))}. Set its records by hand and remove the comment.`,
  };
}

/** The page stands without the note that remembered what was before it. */
export function lostNoteProblem({ host, records }: Name): Problem {
  return {
    kind: 'conflict',
    text: `${host}: it still stands at ${shown(addressesOf(records))}, and the note that remembered how it stood before is gone. Set its records by hand; the evidence file of the run that put the page up names them.`,
  };
}
