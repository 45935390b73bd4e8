/** The record of a hub: compact rows for each cluster and application, blobs by digest, counters kept by triggers. */
export const record = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE cluster (
  cluster TEXT PRIMARY KEY,
  session INTEGER NOT NULL DEFAULT 0,
  sequence INTEGER NOT NULL DEFAULT 0,
  head_bytes BLOB, head_signature BLOB, head_key TEXT,
  epoch INTEGER, generation INTEGER, root TEXT,
  acked_epoch INTEGER, acked_generation INTEGER, acked_root TEXT,
  status_digest TEXT,
  agent_version TEXT NOT NULL DEFAULT '',
  kubernetes_version TEXT NOT NULL DEFAULT '',
  connected_at_ms INTEGER, last_heard_at_ms INTEGER,
  connected INTEGER NOT NULL DEFAULT 0,
  unanswered_since_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE assignment (
  cluster TEXT NOT NULL, application TEXT NOT NULL, environment TEXT NOT NULL,
  entry TEXT, tombstone TEXT,
  generation INTEGER NOT NULL, assigned_at_ms INTEGER NOT NULL,
  wave TEXT, healthy_before INTEGER,
  PRIMARY KEY (cluster, application)
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_by_application ON assignment (application, environment);

CREATE TABLE status (
  cluster TEXT NOT NULL, application TEXT NOT NULL,
  sync TEXT NOT NULL, health TEXT NOT NULL, drift TEXT NOT NULL,
  status TEXT NOT NULL,
  healthy_since_ms INTEGER, since_ms INTEGER NOT NULL, observed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (cluster, application)
) STRICT, WITHOUT ROWID;
CREATE INDEX status_by_application ON status (application, cluster);

CREATE TABLE token (
  hash TEXT PRIMARY KEY, cluster TEXT NOT NULL, labels TEXT NOT NULL, made_by TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER, used_by TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (digest TEXT PRIMARY KEY, secret INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
  cluster TEXT, application TEXT, environment TEXT, attempt TEXT, details TEXT
) STRICT;
CREATE INDEX event_by_cluster ON event (cluster, id);
CREATE INDEX event_by_application ON event (application, id);

CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, payload TEXT NOT NULL) STRICT;

CREATE TABLE counter (axis TEXT NOT NULL, word TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (axis, word)) STRICT, WITHOUT ROWID;

CREATE TRIGGER status_in AFTER INSERT ON status BEGIN
  INSERT INTO counter VALUES ('sync', NEW.sync, 1), ('health', NEW.health, 1), ('drift', NEW.drift, 1)
  ON CONFLICT (axis, word) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER status_out AFTER DELETE ON status BEGIN
  UPDATE counter SET n = n - 1
  WHERE (axis, word) IN (VALUES ('sync', OLD.sync), ('health', OLD.health), ('drift', OLD.drift));
END;
CREATE TRIGGER status_change AFTER UPDATE OF sync, health, drift ON status
WHEN (OLD.sync, OLD.health, OLD.drift) <> (NEW.sync, NEW.health, NEW.drift) BEGIN
  UPDATE counter SET n = n - 1
  WHERE (axis, word) IN (VALUES ('sync', OLD.sync), ('health', OLD.health), ('drift', OLD.drift));
  INSERT INTO counter VALUES ('sync', NEW.sync, 1), ('health', NEW.health, 1), ('drift', NEW.drift, 1)
  ON CONFLICT (axis, word) DO UPDATE SET n = n + 1;
END;

INSERT INTO counter VALUES ('cluster', 'all', 0), ('cluster', 'connected', 0);
CREATE TRIGGER cluster_in AFTER INSERT ON cluster BEGIN
  UPDATE counter SET n = n + 1 WHERE axis = 'cluster' AND word = 'all';
  UPDATE counter SET n = n + NEW.connected WHERE axis = 'cluster' AND word = 'connected';
END;
CREATE TRIGGER cluster_out AFTER DELETE ON cluster BEGIN
  UPDATE counter SET n = n - 1 WHERE axis = 'cluster' AND word = 'all';
  UPDATE counter SET n = n - OLD.connected WHERE axis = 'cluster' AND word = 'connected';
END;
CREATE TRIGGER cluster_change AFTER UPDATE OF connected ON cluster WHEN OLD.connected <> NEW.connected BEGIN
  UPDATE counter SET n = n + NEW.connected - OLD.connected WHERE axis = 'cluster' AND word = 'connected';
END;
`;
