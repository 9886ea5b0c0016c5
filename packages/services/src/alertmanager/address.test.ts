import { expect, test } from 'vitest';
import { addressProblem, mayCarryPassword } from './address.ts';

test.each([
  'https://alerts.example.com',
  'https://alerts.example.com:9093/prefix/',
  'http://localhost:9093',
  'http://127.0.0.1:9093',
  'http://[::1]:9093',
  'http://10.0.0.7:9093',
  'http://172.16.1.1',
  'http://[fd00::1]:9093',
  'http://alertmanager:9093',
  'http://alertmanager.monitoring.svc:9093',
  'http://alertmanager.monitoring.svc.cluster.local:9093',
])('%s can be Alertmanager’s address', (address) => {
  expect(addressProblem(address)).toBeUndefined();
});

test.each([
  ['alerts.example.com', /not an address/],
  ['ftp://alerts.example.com', /https:\/\/ or http/],
  ['http://alerts.example.com', /private network/],
  ['http://8.8.8.8:9093', /private network/],
  ['http://172.32.0.1', /private network/],
  ['https://user:word@alerts.example.com', /user or a password/],
  ['https://alerts.example.com/api/v2', /before \/api/],
  ['https://alerts.example.com/#/silences', /must end with the path/i],
  ['https://alerts.example.com/?a=b', /must end with the path/i],
])('%s cannot', (address, why) => {
  expect(addressProblem(address)).toMatch(why);
});

test('a password goes only where nobody on the way can read it', () => {
  expect(mayCarryPassword('https://alerts.example.com')).toBe(true);
  expect(mayCarryPassword('http://127.0.0.1:9093')).toBe(true);
  expect(mayCarryPassword('http://10.0.0.7:9093')).toBe(false);
});
