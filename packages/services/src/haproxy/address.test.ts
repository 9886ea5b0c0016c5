import { expect, test } from 'vitest';
import { parseHaproxySocket } from './address.ts';

test.each([
  ['tcp://lb1.example.com:9999', { kind: 'tcp', host: 'lb1.example.com', port: 9_999 }],
  ['tcp://192.0.2.1:1', { kind: 'tcp', host: '192.0.2.1', port: 1 }],
  ['tcp://[2001:db8::1]:9999', { kind: 'tcp', host: '2001:db8::1', port: 9_999 }],
  ['unix:///run/haproxy/admin.sock', { kind: 'unix', path: '/run/haproxy/admin.sock' }],
])('reads %s', (text, socket) => {
  expect(parseHaproxySocket(text)).toEqual(socket);
});

test.each([
  'lb1.example.com:9999',
  'tcp://lb1.example.com',
  'tcp://lb1.example.com:0',
  'tcp://lb1.example.com:65536',
  'tcp://user@lb1.example.com:9999',
  'tcp://lb1.example.com:9999/x',
  'unix://run/haproxy.sock',
  'unix://',
  'http://lb1.example.com:9999',
  '',
])('says what is wrong with "%s"', (text) => {
  expect(parseHaproxySocket(text)).toHaveProperty('problem');
});
