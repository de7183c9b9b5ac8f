/**
 * Entries of the catalogue that go by one name: which of them come first, and which one gives way.
 *
 * @module
 */

import type { Listing } from "./catalogue.ts";

/** The number of the network that an entry belongs to. */
type OwnerOf = (listing: Listing) => number;

/**
 * Those first that most networks stand behind. A network that holds several entries of the name counts
 * for each of them so many times less: who invents fifty has a fiftieth of a voice for each. How many
 * peers or seeders are claimed counts for nothing. Of equal ones that with more hosts comes first, then
 * the one that has been there for longer.
 *
 * @param namesakes in the order in which they came
 */
export function ranked(namesakes: readonly Listing[], ownerOf: OwnerOf): Listing[] {
  if (namesakes.length < 2) return [...namesakes];
  const held = heldBy(namesakes, ownerOf);
  const voice = (listing: Listing) => listing.networks / held.get(ownerOf(listing))!;
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
export function weakest(namesakes: readonly Listing[], ownerOf: OwnerOf): Listing {
  const held = heldBy(namesakes, ownerOf);
  const share = (listing: Listing) => held.get(ownerOf(listing))!;
  return namesakes.reduce((weakest, listing) => {
    const more = share(listing) - share(weakest) || weakest.networks - listing.networks;
    return more > 0 ? listing : weakest;
  });
}

/** How many of the name each network holds. */
function heldBy(namesakes: readonly Listing[], ownerOf: OwnerOf): Map<number, number> {
  const held = new Map<number, number>();
  for (const listing of namesakes) {
    const owner = ownerOf(listing);
    held.set(owner, (held.get(owner) ?? 0) + 1);
  }
  return held;
}
