/** Owns where a connection's secrets may be sent: which addresses are refused, as they are written and as they resolve. */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { InvalidRequest } from './errors.ts';

export interface AddressRules {
  /** Loopback addresses, also without TLS: sandboxes and tests only. */
  allowLoopback: boolean;
  /** What the operator allows beyond public addresses: names (`kimai.example.internal`) and ranges (`10.1.0.0/16`). */
  allowedHosts: readonly string[];
}

/** What an address is for us. `never`: link-local (where clouds keep machine credentials), multicast and the like. */
type Kind = 'public' | 'private' | 'loopback' | 'never';

/** The code by which a connection that was refused while it was made is told from one that failed. */
export const addressRefusedCode = 'ERR_ADDRESS_REFUSED';

// RFC 6890 and its registries. The embedded forms of IPv4 (mapped, NAT64, 6to4, Teredo) reach private hosts as well.
const ranges: Record<Exclude<Kind, 'public'>, readonly string[]> = {
  loopback: ['0.0.0.0/8', '127.0.0.0/8', '::/127'],
  never: ['169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4', 'fe80::/10', 'ff00::/8'],
  private: [
    '10.0.0.0/8',
    '100.64.0.0/10',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/32',
    '2001:db8::/32',
    '2002::/16',
    'fc00::/7',
    'fec0::/10',
  ],
};
const lists = Object.entries(ranges).map(([kind, own]) => ({ kind: kind as Kind, list: toList(own) }));

function toList(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [net = '', bits = ''] = text.split('/');
    list.addSubnet(net, Number(bits), isIP(net) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** `ip` without brackets. IPv4 written as IPv6 (`::ffff:10.0.0.1`) is what the IPv4 address is. */
function kindOf(ip: string): Kind {
  const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
  return lists.find(({ list }) => list.check(ip, family))?.kind ?? 'public';
}

/** True for `10.1.0.0/16`, an address, or a name. */
export function isAllowedHostEntry(text: string): boolean {
  const [host = '', bits, ...rest] = text.split('/');
  const family = isIP(host);
  if (bits === undefined)
    return family !== 0 || /^(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*$/i.test(host);
  return (
    rest.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32)
  );
}

function isListed(hostname: string, ip: string, { allowedHosts }: AddressRules): boolean {
  if (allowedHosts.some((entry) => entry.toLowerCase() === hostname.toLowerCase() || entry === ip))
    return true;
  if (isIP(ip) === 0) return false;
  const nets = allowedHosts.filter((entry) => entry.includes('/') && isAllowedHostEntry(entry));
  return toList(nets).check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

/** Why a connection to `ip`, to which `hostname` resolved, is refused; null where it is fine. */
function refusalOf(hostname: string, ip: string, rules: AddressRules): string | null {
  switch (kindOf(ip)) {
    case 'public':
      return null;
    case 'loopback':
      return rules.allowLoopback ? null : 'points at this machine';
    case 'private':
      return isListed(hostname, ip, rules) ? null : 'points into a private network';
    case 'never':
      return 'points into the local network of this machine';
  }
}

/**
 * Another origin in its place, where the operator's override names one; the vendor's path is kept.
 * Throws InvalidRequest `address_refused` with the reason.
 */
export function allowedAddress(
  vendor: { id: string; name: string },
  own: string,
  override: string | undefined,
  rules: AddressRules,
): URL {
  const refuse = (why: string) =>
    new InvalidRequest(`The address of the ${vendor.name} connection ${why}.`, {
      connector: vendor.id,
      vendorCode: 'address_refused',
    });
  if (!URL.canParse(own)) throw refuse('is not a web address');
  const { pathname, search } = new URL(own);
  const text = override === undefined ? own : override.replace(/\/+$/, '') + pathname + search;
  if (!URL.canParse(text)) throw refuse('is not a web address');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw refuse('must not contain a password');
  const hostname = bareHost(url.hostname);
  const why = isIP(hostname) !== 0 ? refusalOf(hostname, hostname, rules) : null;
  if (why !== null) throw refuse(why);
  const loopback = isLoopback(url.hostname);
  if (loopback && !rules.allowLoopback) throw refuse('points at this machine');
  if (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:'))
    throw refuse('must start with https://');
  return url;
}

/** Of a URL: names that browsers and resolvers take for this machine, too. */
export function isLoopback(urlHostname: string): boolean {
  const name = bareHost(urlHostname).replace(/\.$/, '').toLowerCase();
  if (isIP(name) !== 0) return kindOf(name) === 'loopback';
  return name === 'localhost' || name.endsWith('.localhost');
}

const bareHost = (hostname: string) => hostname.replace(/^\[|\]$/g, '');

/**
 * A resolver for sockets: what a name resolves to is checked at the moment of connecting, and that very address is
 * connected to, so that a name whose answer changes in between (DNS rebinding) gains nothing. `resolve` is for tests.
 */
export function guardedLookup(rules: AddressRules, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const why = addresses
        .map(({ address }) => refusalOf(hostname, address, rules))
        .find((one) => one !== null);
      if (why !== undefined || addresses.length === 0) {
        const refused = new Error(`${hostname} ${why ?? 'has no address'}`) as NodeJS.ErrnoException;
        refused.code = why === undefined ? 'ENOTFOUND' : addressRefusedCode;
        return callback(refused, []);
      }
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

/** Whether the operator's list, or development, names this host: what a connection may speak to instead of its vendor. */
export function isNamedHost(urlHostname: string, rules: AddressRules): boolean {
  const hostname = bareHost(urlHostname);
  if (isLoopback(urlHostname)) return rules.allowLoopback;
  return isListed(hostname, isIP(hostname) === 0 ? '' : hostname, rules);
}
