import type { Agent } from 'node:http';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** An agent that goes through the proxy: absolute-form requests for http, a CONNECT tunnel for https. */
export function proxyAgent(protocol: string, proxy: string): Agent {
  // Without keepAlive each of several hundred calls would pay two handshakes.
  const options = { keepAlive: true, maxSockets: 32 };
  return protocol === 'https:' ? new HttpsProxyAgent(proxy, options) : new HttpProxyAgent(proxy, options);
}
