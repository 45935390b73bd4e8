/** Bounds of what either end accepts. A message over one of them is refused by name. */
export const limits = {
  /** One message, encoded. */
  messageBytes: 4 * 1024 * 1024,
  /** One part of a blob; larger blobs travel in several. */
  partBytes: 256 * 1024,
  /** Parts of one blob. */
  parts: 256,
  /** Digests in one Want or Objects, parts in one Objects. */
  digests: 4096,
  /** Applications in one cluster. */
  applications: 10_000,
  /** Objects named in one status. */
  problems: 20,
  driftItems: 256,
  /** Names, versions, reasons. */
  nameChars: 1024,
  /** What people read. */
  messageChars: 8192,
  /** A field's value in a drift report. */
  valueChars: 65_536,
  /** The result of a plan or a query. */
  resultChars: 1_048_576,
  capabilities: 64,
  /** Acknowledged deletions, or patterns of a team, in one entry. */
  listed: 10_000,
} as const;
