/**
 * Entries of the catalogue that go by one name: which of them come first, and which one gives way.
 *
 * @module
 */

/** What of an entry decides. */
interface Listed {
  /** How many networks stand behind it. */
  readonly networks: number;
  /** How many hosts. */
  readonly hosts: number;
}

/** The number of the network that an entry belongs to. */
type OwnerOf<T> = (listing: T) => number;

/**
 * Those first that most networks stand behind. A network that holds several entries of the name counts
 * for each of them so many times less: who invents fifty has a fiftieth of a voice for each. How many
 * peers or seeders are claimed counts for nothing. Of equal ones that with more hosts comes first, then
 * the one that has been there for longer.
 *
 * @param namesakes in the order in which they came
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
 * The one that gives way to another: of the network that holds most of the name, the one with the fewest
 * networks behind it, and of these the oldest.
 *
 * @param namesakes in the order in which they came, at least one
 */
export function weakest<T extends Listed>(namesakes: readonly T[], ownerOf: OwnerOf<T>): T {
  const held = heldBy(namesakes, ownerOf);
  const share = (listing: T) => held.get(ownerOf(listing))!;
  return namesakes.reduce((weakest, listing) => {
    const more = share(listing) - share(weakest) || weakest.networks - listing.networks;
    return more > 0 ? listing : weakest;
  });
}

/** How many of the name each network holds. */
function heldBy<T>(namesakes: readonly T[], ownerOf: OwnerOf<T>): Map<number, number> {
  const held = new Map<number, number>();
  for (const listing of namesakes) {
    const owner = ownerOf(listing);
    held.set(owner, (held.get(owner) ?? 0) + 1);
  }
  return held;
}
