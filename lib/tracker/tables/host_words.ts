/**
 * The host and the network of an address (see {@link hostKey} and {@link networkKey}) as two words instead of
 * text: the IPv4 address, or the first 64 bits of an IPv6 address.
 *
 * @module
 */

/** Words of an IPv4 address with its port. */
const IPV4_STRIDE = 3;
/** The first word of an IPv4 host: no IPv6 source address begins like this. */
const IPV4_HIGH = 0xffff_ffff;
/** The bits of a host's second word that identify its network: IPv4 /24, IPv6 /48. */
const IPV4_NETWORK_MASK = 0x00ff_ffff, IPV6_NETWORK_MASK = 0x0000_ffff;
const IPV4_HOST_MASK = 0xffff_ffff;

/** Whether two addresses are in the same network. */
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

/** The first word of a host; the same for all of IPv4. */
export function highOf(words: Uint16Array, at: number, stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_HIGH : words[at]! | words[at + 1]! << 16;
}

/** The second word of a host. Masked with {@link networkMask}, it is that of its network. */
export function lowOf(words: Uint16Array, at: number, stride: number): number {
  const from = stride === IPV4_STRIDE ? at : at + 2;
  return words[from]! | words[from + 1]! << 16;
}

/** The bits of a host's second word that identify its network. */
export function networkMask(stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_NETWORK_MASK : IPV6_NETWORK_MASK;
}

/**
 * The bits of a host's second word that identify a host in a roster: all for IPv4, the network's for IPv6.
 */
export function standingMask(stride: number): number {
  return stride === IPV4_STRIDE ? IPV4_HOST_MASK : IPV6_NETWORK_MASK;
}

/** Like {@link networkMask}, given the first word of a host. */
export function maskOf(high: number): number {
  return high === IPV4_HIGH ? IPV4_NETWORK_MASK : IPV6_NETWORK_MASK;
}
