/** When each blob was last put or asked for: beside the blobs, so that noting it does not write them anew. */
export const use = `
CREATE TABLE blob_use (digest TEXT PRIMARY KEY, used_at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_by_time ON blob_use (used_at_ms);
INSERT INTO blob_use SELECT digest, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM blob;
`;
