import { promises } from 'node:dns';
import { errorCode } from '@kedge/core/ports';
import { type Problem, reasonOf } from './problem.ts';

export type DnsCheck = {
  readonly host: string;
  /** As `address` or `address:port`; those of the system when undefined. */
  readonly servers: readonly string[] | undefined;
};

/** A name server must know an address of the host. `/etc/hosts` is not asked: it would prove nothing. */
export async function checkDns({ host, servers }: DnsCheck, signal: AbortSignal): Promise<Problem> {
  const resolver = new promises.Resolver();
  if (servers) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    if (v4.status === 'fulfilled' || v6.status === 'fulfilled') return undefined;
    const reason = errorCode(v4.reason) ?? reasonOf(v4.reason);
    return `could not be resolved (${reason}) by ${resolver.getServers().join(', ')}`;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
