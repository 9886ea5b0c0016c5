'use strict';
// Loaded by `--require` into every rehearsed process, before its own first line. Plain CommonJS: it runs on Node 20 as it is.
// It changes three things only: what time it is, who answers DNS, and that nothing gets out to the real network.

const shift = Number(process.env.REHEARSAL_CLOCK_SHIFT ?? '0');
if (shift !== 0) {
  const RealDate = Date;
  const now = () => RealDate.now() + shift;
  // The clock goes on at real speed, so timers and time-outs mean what they say.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made),
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  RealDate.prototype.constructor = globalThis.Date;
}

const net = require('node:net');

const isLocal = (host) => /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/i.test(host);

function refused(host, port) {
  const error = new Error(
    `The rehearsal lets no connection out: ${host}:${port} was asked for directly. Outside systems are reached through the proxy in HTTPS_PROXY.`,
  );
  return Object.assign(error, { code: 'EREHEARSAL', address: host, port });
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  // net.connect hands its arguments on as one array that is already in order.
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const options = typeof first === 'object' && first !== null ? first : { port: first, host: given[1] };
  const isPath = options.path || (typeof first === 'string' && !(Number(first) >= 0));
  const host = typeof options.host === 'string' ? options.host : 'localhost';
  if (!isPath && !isLocal(host)) {
    process.nextTick(() => this.destroy(refused(host, options.port)));
    return this;
  }
  return connect.apply(this, given);
};

const dgram = require('node:dgram');
const dnsServer = process.env.REHEARSAL_DNS;

const sendDatagram = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function (...given) {
  const host = given.find((argument, index) => index > 0 && typeof argument === 'string') ?? 'localhost';
  if (!isLocal(host)) throw refused(host, 'udp');
  return sendDatagram.apply(this, given);
};

const dns = require('node:dns');
// Whoever is asked, the stand-in answers: resolvers speak UDP past any proxy.
const servers = [dnsServer || '127.0.0.1:9'];
for (const Resolver of [dns.Resolver, dns.promises.Resolver]) {
  const setServers = Resolver.prototype.setServers;
  Resolver.prototype.setServers = function () {
    return setServers.call(this, servers);
  };
}
dns.setServers(servers);
dns.setServers = () => {};
dns.promises.setServers = () => {};

const lookup = dns.lookup;
dns.lookup = (host, options, callback) => {
  const done = typeof options === 'function' ? options : callback;
  if (isLocal(String(host)) || net.isIP(String(host))) return lookup.call(dns, host, options, callback);
  return dns.resolve4(host, (error, addresses) => {
    if (error) done(Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo' }));
    else if (typeof options === 'object' && options.all)
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    else done(null, addresses[0], 4);
  });
};
