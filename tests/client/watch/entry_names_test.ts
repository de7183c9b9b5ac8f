import { assertEquals } from "@std/assert";
import { leftOutBecause } from "../../../lib/client/watch/entry_names.ts";

const pure = { permissions: "none" } as const;

Deno.test(
  "hidden names and unfinished downloads are left out, and nothing that only looks like them",
  pure,
  () => {
    const reasons: Record<string, readonly string[]> = {
      hidden: [".hidden", ".a.iso.Xy12ab", ".shoal-0b2f0f8e-6f2d-4d6e-9a0e-1f2e3d4c5b6a"],
      unfinished: [
        ...["a.iso.part", "photos.part", "a.iso.part.resume", "a.part.resume.new", "a.part.lock"],
        ...["a.iso.crdownload", "a.iso.!qB", "a.iso.aria2", "a.iso.partial", "A.ISO.PART"],
      ],
      torrent: ["a.torrent", "A.TORRENT"],
      undefined: ["a.iso", "part", "a.part.iso", "torrent", "departed", "a.resume", "photos"],
    };
    for (const [reason, names] of Object.entries(reasons)) {
      for (const name of names) assertEquals(String(leftOutBecause(name)), reason, name);
    }
  },
);
