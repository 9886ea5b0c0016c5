import { type Matcher, parseMatcher } from '@maintenance-tasks/services/alertmanager/matchers';
import { describe, expect, test } from 'vitest';
import { suggestion as forAlertmanager } from './alertmanager.ts';
import { suggestion as forDatadog } from './datadog.ts';
import { suggestion as forPagerDuty } from './pagerduty.ts';

describe('of Alertmanager’s matchers', () => {
  const matchers = (...texts: string[]) => texts.map((text) => parseMatcher(text) as Matcher);
  const window = [matchers('cluster="prod"', 'severity=~"warning|critical"')];

  test.each([
    [
      'widens the one that failed to the alert’s own value',
      { alertname: 'DiskFull', cluster: 'prod', severity: 'page' },
      'matchers cluster="prod", severity=~"warning|critical|page"',
    ],
    [
      'escapes values in the expression',
      { alertname: 'DiskFull', cluster: 'prod.eu', severity: 'warning' },
      'matchers cluster=~"prod|prod\\\\.eu", severity=~"warning|critical"',
    ],
    [
      'names the alert where it lacks the label',
      { alertname: 'DiskFull', cluster: 'prod' },
      'matchers alertname="DiskFull", cluster="prod"',
    ],
    [
      'says when nothing is shared',
      { alertname: 'Watchdog', severity: 'none' },
      'shares nothing with what is silenced; alertname="Watchdog" would catch it',
    ],
    [
      'says when it should have been caught',
      { alertname: 'X', cluster: 'prod', severity: 'warning' },
      'the matchers fit: it went out before the silence began or after it ended',
    ],
  ])('%s', (_, labels: Record<string, string>, expected) => {
    expect(forAlertmanager(labels, window)).toBe(expected);
  });

  test('starts from the entry that came nearest', () => {
    const entries = [matchers('cluster="staging"', 'team="shop"'), ...window];
    expect(forAlertmanager({ alertname: 'X', cluster: 'prod', severity: 'page' }, entries)).toContain('cluster="prod"');
  });

  test('drops a matcher that excludes the alert', () => {
    const entries = [matchers('cluster="prod"', 'severity!="page"')];
    expect(forAlertmanager({ alertname: 'X', cluster: 'prod', severity: 'page' }, entries)).toBe(
      'matchers alertname="X", cluster="prod"',
    );
  });
});

describe('of Datadog’s scope', () => {
  const entry = {
    system: 'datadog' as const,
    scope: 'env:prod',
    'monitor-tags': ['service:shop'],
    site: 'datadoghq.eu',
  };

  test.each([
    [
      'asks for the monitor’s tag where the scope fits',
      { tags: ['env:prod', 'host:a'], monitorTags: ['service:mail'] },
      'scope env:prod fits, and the monitor is not tagged service:shop: tag it, or add an entry with monitor-tags [service:mail]',
    ],
    [
      'offers the alert’s own tag of the same name',
      { tags: ['env:staging', 'host:a'], monitorTags: ['service:shop'] },
      'an entry with scope env:staging',
    ],
    ['falls back to host or service', { tags: ['host:a', 'x'], monitorTags: [] }, 'an entry with scope host:a'],
    ['has nothing to offer without tags', { tags: [], monitorTags: [] }, 'no tag of it tells where it belongs'],
    [
      'says when it should have been caught',
      { tags: ['env:prod'], monitorTags: ['service:shop'] },
      'scope env:prod fits: it went out before the downtime began or after it ended',
    ],
  ])('%s', (_, alert, expected) => {
    expect(forDatadog(alert, [entry])).toBe(expected);
  });

  test('does not take a search with alternatives for plain tags', () => {
    const either = { ...entry, scope: 'env:prod OR (env:staging AND host:a)' };
    expect(forDatadog({ tags: ['env:prod', 'host:b'], monitorTags: ['service:shop'] }, [either])).not.toContain('fits');
  });
});

test('of PagerDuty’s services names the service that was not covered', () => {
  const incident = (id: string) => ({ service: { id, name: 'Shop' } });
  expect(forPagerDuty(incident('PMAIL1'), [{ services: ['PSHOP1'] }])).toBe('service PMAIL1 (Shop) added to services');
  expect(forPagerDuty(incident('PSHOP1'), [{ services: ['PSHOP1'] }])).toContain('is covered');
});
