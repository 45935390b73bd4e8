/**
 * The record of a hub. Names sort as bytes (COLLATE "C"), as they do in the other stores. Digests and commits are bytes,
 * so that a million statuses stay small. Counters are kept by statement: each adds its differences to the row of its
 * connection, so that hubs do not wait for one another.
 */
export const record = `
CREATE TABLE cluster (
  cluster text COLLATE "C" PRIMARY KEY,
  session bigint NOT NULL DEFAULT 0,
  sequence bigint NOT NULL DEFAULT 0,
  epoch bigint, generation bigint,
  acked_epoch bigint, acked_generation bigint,
  connected_at_ms bigint, last_heard_at_ms bigint, unanswered_since_ms bigint,
  connected boolean NOT NULL DEFAULT false,
  head_bytes bytea, head_signature bytea, head_key text,
  root bytea, acked_root bytea, status_digest bytea,
  agent_version text NOT NULL DEFAULT '',
  kubernetes_version text NOT NULL DEFAULT '',
  gateway text
) WITH (fillfactor = 60);
CREATE INDEX cluster_connected ON cluster (gateway) WHERE connected;

CREATE TABLE assignment (
  generation bigint NOT NULL, assigned_at_ms bigint NOT NULL,
  healthy_before boolean,
  cluster text COLLATE "C" NOT NULL, application text COLLATE "C" NOT NULL, environment text COLLATE "C" NOT NULL,
  wave text, entry json, tombstone json,
  PRIMARY KEY (cluster, application)
) WITH (fillfactor = 85);
CREATE INDEX assignment_by_application ON assignment (application, environment, cluster);

CREATE TABLE status (
  since_ms bigint NOT NULL, observed_at_ms bigint NOT NULL, healthy_since_ms bigint, healthy_for_ms bigint,
  objects integer NOT NULL, healthy_objects integer NOT NULL,
  cluster text COLLATE "C" NOT NULL, application text COLLATE "C" NOT NULL,
  sync text NOT NULL, health text NOT NULL, drift text NOT NULL,
  release bytea NOT NULL, bundle bytea NOT NULL, attempt bytea NOT NULL,
  reason text NOT NULL, message text NOT NULL, problems json,
  PRIMARY KEY (cluster, application)
) WITH (fillfactor = 85);
CREATE INDEX status_by_application ON status (application, cluster);
CREATE INDEX status_not_in_sync ON status (sync, cluster, application) WHERE sync <> 'InSync';
CREATE INDEX status_not_healthy ON status (health, cluster, application) WHERE health <> 'Healthy';
CREATE INDEX status_drifted ON status (drift, cluster, application) WHERE drift <> 'None';

CREATE TABLE token (
  hash bytea PRIMARY KEY, cluster text NOT NULL, labels json NOT NULL, made_by text NOT NULL,
  expires_at_ms bigint NOT NULL, used_at_ms bigint, used_by bytea
);

CREATE TABLE blob (
  used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  digest bytea PRIMARY KEY, secret boolean NOT NULL, data bytea NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX blob_by_use ON blob (used_at);

CREATE TABLE fact (key text COLLATE "C" PRIMARY KEY, value json NOT NULL);

CREATE TABLE event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at_ms bigint NOT NULL,
  type text NOT NULL, reason text NOT NULL, message text NOT NULL,
  cluster text COLLATE "C", application text COLLATE "C", environment text, attempt bytea, details json
);
CREATE INDEX event_by_cluster ON event (cluster, id);
CREATE INDEX event_by_application ON event (application, id);

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, put_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  writer text NOT NULL, subject text NOT NULL, payload json NOT NULL
);

CREATE TABLE writer (
  writer text PRIMARY KEY, batch bigint NOT NULL, wrote_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE TABLE instance (instance text COLLATE "C" PRIMARY KEY, role text NOT NULL, until timestamptz NOT NULL);

CREATE TABLE lead (one integer PRIMARY KEY CHECK (one = 1), fence bigint NOT NULL, holder text, until timestamptz NOT NULL);
INSERT INTO lead VALUES (1, 0, NULL, '-infinity');

CREATE TABLE counter (
  shard integer NOT NULL, axis text COLLATE "C" NOT NULL, word text COLLATE "C" NOT NULL, n bigint NOT NULL,
  PRIMARY KEY (shard, axis, word)
) WITH (fillfactor = 50);

CREATE FUNCTION count_statuses() RETURNS trigger LANGUAGE plpgsql AS $count$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO counter AS kept SELECT pg_backend_pid() % 16, word.axis, word.word, count(*)
    FROM after, LATERAL (VALUES ('sync', sync), ('health', health), ('drift', drift)) AS word (axis, word)
    GROUP BY word.axis, word.word ORDER BY word.axis, word.word
    ON CONFLICT (shard, axis, word) DO UPDATE SET n = kept.n + excluded.n;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO counter AS kept SELECT pg_backend_pid() % 16, word.axis, word.word, -count(*)
    FROM before, LATERAL (VALUES ('sync', sync), ('health', health), ('drift', drift)) AS word (axis, word)
    GROUP BY word.axis, word.word ORDER BY word.axis, word.word
    ON CONFLICT (shard, axis, word) DO UPDATE SET n = kept.n + excluded.n;
  ELSE
    INSERT INTO counter AS kept SELECT pg_backend_pid() % 16, word.axis, word.word, sum(word.n)
    FROM (
      SELECT x.axis, x.word, 1 AS n
      FROM after, LATERAL (VALUES ('sync', sync), ('health', health), ('drift', drift)) AS x (axis, word)
      UNION ALL SELECT x.axis, x.word, -1
      FROM before, LATERAL (VALUES ('sync', sync), ('health', health), ('drift', drift)) AS x (axis, word)
    ) AS word
    GROUP BY word.axis, word.word HAVING sum(word.n) <> 0 ORDER BY word.axis, word.word
    ON CONFLICT (shard, axis, word) DO UPDATE SET n = kept.n + excluded.n;
  END IF;
  RETURN NULL;
END $count$;
CREATE TRIGGER status_in AFTER INSERT ON status REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_statuses();
CREATE TRIGGER status_change AFTER UPDATE ON status REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_statuses();
CREATE TRIGGER status_out AFTER DELETE ON status REFERENCING OLD TABLE AS before
  FOR EACH STATEMENT EXECUTE FUNCTION count_statuses();

CREATE FUNCTION count_clusters() RETURNS trigger LANGUAGE plpgsql AS $count$
DECLARE
  clusters bigint := 0;
  connections bigint := 0;
BEGIN
  IF TG_OP <> 'DELETE' THEN
    SELECT count(*), count(*) FILTER (WHERE connected) INTO clusters, connections FROM after;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    SELECT clusters - count(*), connections - count(*) FILTER (WHERE connected) INTO clusters, connections FROM before;
  END IF;
  INSERT INTO counter AS kept SELECT pg_backend_pid() % 16, 'cluster', change.word, change.n
  FROM (VALUES ('all', clusters), ('connected', connections)) AS change (word, n) WHERE change.n <> 0
  ON CONFLICT (shard, axis, word) DO UPDATE SET n = kept.n + excluded.n;
  RETURN NULL;
END $count$;
CREATE TRIGGER cluster_in AFTER INSERT ON cluster REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_clusters();
CREATE TRIGGER cluster_change AFTER UPDATE ON cluster REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION count_clusters();
CREATE TRIGGER cluster_out AFTER DELETE ON cluster REFERENCING OLD TABLE AS before
  FOR EACH STATEMENT EXECUTE FUNCTION count_clusters();
`;
