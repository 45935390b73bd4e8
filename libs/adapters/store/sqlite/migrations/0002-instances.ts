/** Gateways in numbers: which instance holds a stream, who is alive, who leads; and when a blob was last needed. */
export const instances = `
ALTER TABLE cluster ADD COLUMN gateway TEXT;
CREATE INDEX cluster_by_connection ON cluster (connected, gateway);

CREATE TABLE instance (instance TEXT PRIMARY KEY, role TEXT NOT NULL, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE lead (one INTEGER PRIMARY KEY CHECK (one = 1), fence INTEGER NOT NULL, holder TEXT, until_ms INTEGER NOT NULL) STRICT;
INSERT INTO lead SELECT 1, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'fence'), 0), NULL, 0;
DELETE FROM meta WHERE key = 'fence';
`;
