/**
 * The host and the network of an address (see {@link hostKey} and {@link networkKey}) as two words, without
 * text: those of IPv4 addresses and the first 64 bits of others.
 *
 * @module
 */

/** Words of an IPv4 address with its port; of others the first 64 bits are the host's. */
const IPV4_STRIDE = 3;
/** The first word of IPv4 hosts: no IPv6 address that anybody sends from begins like this. */
const IPV4_HIGH = 0xffff_ffff;
/** What of the second word of a host names its network: IPv4 /24, IPv6 /48. */
const IPV4_NETWORK_MASK = 0x00ff_ffff, IPV6_NETWORK_MASK = 0x0000_ffff;
const IPV4_HOST_MASK = 0xffff_ffff;

/** Whether two addresses are of one network. */
export function sharesNetwork(
  words: Uint16Array,
  at: number,
  others: Uint16Array,
  otherAt: number,
  stride: number,
): boolean {
  const mask = networkMask(stride);
  return highOf(words, at, stride) === highOf(others, otherAt, stride) &&
    (lowOf(words, at, stride) & mask) === (lowOf(others, otherAt, stride) & mask);
}

/** The first word of a host: the same for all of IPv4. */
export function highOf(words: Uint16Array, at: number, stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_HIGH : words[at]! | words[at + 1]! << 16;
}

/** The second word of a host. With a mask it is that of its network. */
export function lowOf(words: Uint16Array, at: number, stride: number): number {
  const from = stride === IPV4_STRIDE ? at : at + 2;
  return words[from]! | words[from + 1]! << 16;
}

/** What of the second word of a host is its network's. */
export function networkMask(stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_NETWORK_MASK : IPV6_NETWORK_MASK;
}

/** What of the second word of a host tells apart who stands for whom: all of IPv4, of IPv6 the network. */
export function standingMask(stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_HOST_MASK : IPV6_NETWORK_MASK;
}

/** The same as {@link networkMask}, of a host whose first word is known. */
export function maskOf(high: number): number {
  return high === IPV4_HIGH ? IPV4_NETWORK_MASK : IPV6_NETWORK_MASK;
}
