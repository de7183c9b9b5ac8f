/**
 * Decides which catalogue entries of one name come first and which one is removed.
 *
 * @module
 */

/** What the ranking depends on. */
interface Listed {
  /** Number of networks that support it. */
  readonly networks: number;
  /** Number of hosts that support it. */
  readonly hosts: number;
}

/** Returns the number of the network that an entry belongs to. */
type OwnerOf<T> = (listing: T) => number;

/**
 * Sorts entries by the number of networks that support them. If a network owns several entries of the name,
 * the support of each is divided by that number: a network that invents fifty entries gives each a fiftieth
 * of a vote. Claimed numbers of peers or seeders do not count. Ties go to the entry with more hosts, then to
 * the older one.
 *
 * @param namesakes in the order in which they arrived
 */
export function ranked<T extends Listed>(namesakes: readonly T[], ownerOf: OwnerOf<T>): T[] {
  if (namesakes.length < 2) return [...namesakes];
  const held = heldBy(namesakes, ownerOf);
  const voice = (listing: T) => listing.networks / held.get(ownerOf(listing))!;
  return namesakes.map((listing) => ({ listing, voice: voice(listing) }))
    .sort((a, b) => b.voice - a.voice || b.listing.hosts - a.listing.hosts)
    .map(({ listing }) => listing);
}

/**
 * Picks the entry to remove: among the entries of the network that owns most of the name, the one supported
 * by the fewest networks, and of those the oldest.
 *
 * @param namesakes in the order in which they arrived, at least one
 */
export function weakest<T extends Listed>(namesakes: readonly T[], ownerOf: OwnerOf<T>): T {
  const held = heldBy(namesakes, ownerOf);
  const share = (listing: T) => held.get(ownerOf(listing))!;
  return namesakes.reduce((weakest, listing) => {
    const more = share(listing) - share(weakest) || weakest.networks - listing.networks;
    return more > 0 ? listing : weakest;
  });
}

/** How many entries of the name each network owns. */
function heldBy<T>(namesakes: readonly T[], ownerOf: OwnerOf<T>): Map<number, number> {
  const held = new Map<number, number>();
  for (const listing of namesakes) {
    const owner = ownerOf(listing);
    held.set(owner, (held.get(owner) ?? 0) + 1);
  }
  return held;
}
