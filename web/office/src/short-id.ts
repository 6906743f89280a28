// Ids as people tell them apart.

/** The last letters of an id, enough to tell one from another. */
export function shortId(id: string): string {
  return id.length > 14 ? `…${id.slice(-10)}` : id;
}
