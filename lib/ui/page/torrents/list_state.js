// @ts-check
/**
 * The list of torrents as it changes: what came last, put together with what came before.
 *
 * @module
 */

/** @typedef {import("../../torrents/list_snapshot.ts").ListSnapshot} ListSnapshot */

/**
 * The whole list after `news`. Rows that have not changed stay the same objects.
 * @param {ListSnapshot | undefined} before
 * @param {ListSnapshot} news
 * @returns {ListSnapshot}
 */
export function mergedList(before, news) {
  if (news.isWhole || before === undefined) return news;
  const rows = new Map(before.rows.map((row) => [row.id, row]));
  for (const id of news.gone) rows.delete(id);
  for (const row of news.rows) rows.set(row.id, row);
  return { ...news, isWhole: true, rows: [...rows.values()], gone: [] };
}

/**
 * The rows that the user wants to see.
 * @param {ListSnapshot["rows"]} rows
 * @param {{filter: string, group: string}} query
 */
export function chosenRows(rows, { filter, group }) {
  const part = filter.trim().toLowerCase();
  return rows.filter((row) =>
    (group === "" || row.group === group) && row.name.toLowerCase().includes(part)
  );
}
