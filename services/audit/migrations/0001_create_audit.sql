-- The log and what lies beside it. Every table is a tenant table: row-level security shows the rows of
-- app.organization_id and nothing else, to the owner too, except through its two functions below.

-- One row per record. `canonical` is what is hashed; every other column but leaf and mac repeats what
-- the bytes say, for queries, and verification compares them. Times are kept as the 27 characters that
-- are in the bytes: a timestamptz would have to be turned back into text to be compared.
CREATE TABLE audit.audit_logs (
  organization_id uuid NOT NULL,
  -- UUIDv7, ascending: the newest log of an organisation is the one with the largest.
  incarnation uuid NOT NULL,
  sequence_number bigint NOT NULL,
  id uuid NOT NULL,
  type text NOT NULL,
  ref uuid,
  occurred_at text COLLATE "C" NOT NULL,
  recorded_at text COLLATE "C" NOT NULL,
  -- Of chat.started only.
  ends_by text COLLATE "C",
  canonical bytea NOT NULL,
  leaf bytea NOT NULL,
  mac bytea NOT NULL,
  CONSTRAINT audit_logs_place PRIMARY KEY (organization_id, incarnation, sequence_number),
  CONSTRAINT audit_logs_id UNIQUE (organization_id, id),
  CONSTRAINT audit_logs_shape CHECK (
    sequence_number >= 0
    AND octet_length(canonical) <= 65535
    AND octet_length(leaf) = 32
    AND octet_length(mac) = 32
    AND length(occurred_at) = 27
    AND length(recorded_at) = 27
  )
) PARTITION BY HASH (organization_id);

-- Exactly one end per start.
CREATE UNIQUE INDEX audit_logs_end ON audit.audit_logs (organization_id, ref)
  WHERE ref IS NOT NULL AND type IN ('chat.completed', 'chat.blocked', 'chat.aborted');

-- Everything but chats that refers to a record.
CREATE INDEX audit_logs_reference ON audit.audit_logs (organization_id, ref)
  WHERE ref IS NOT NULL AND type NOT IN ('chat.completed', 'chat.blocked', 'chat.aborted');

-- Lists by type: chats are dense enough to be filtered out of the sequence.
CREATE INDEX audit_logs_rare_type ON audit.audit_logs (organization_id, incarnation, type, sequence_number)
  WHERE type NOT IN ('chat.started', 'chat.completed');

-- Starts by the time their end is due.
CREATE INDEX audit_logs_due ON audit.audit_logs (greatest(ends_by, recorded_at))
  WHERE ends_by IS NOT NULL;

-- Decisions of people about records; the one mutable table. Each decision is in the log as well.
CREATE TABLE audit.audit_log_oversight (
  organization_id uuid NOT NULL,
  audit_log_id uuid NOT NULL UNIQUE,
  decision text NOT NULL CHECK (decision IN ('accept', 'modify', 'reject')),
  -- Id of the oversight.decided record that says the same.
  decided_by_record uuid NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, audit_log_id)
);

-- Refers to the log as a foreign key would. A real one would answer TRUNCATE on the log before its
-- trigger does, and with TRUNCATE … CASCADE, reach here; records are never removed, so checking what
-- comes in is enough. Runs as the owner: the role that writes here does not see the log.
CREATE FUNCTION audit.require_audit_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM audit.audit_logs AS record
    WHERE record.organization_id = NEW.organization_id AND record.id = NEW.audit_log_id
  ) THEN
    RAISE EXCEPTION 'there is no such record in audit_logs' USING ERRCODE = '23503';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER refers_to_log BEFORE INSERT OR UPDATE ON audit.audit_log_oversight
  FOR EACH ROW EXECUTE FUNCTION audit.require_audit_log();

-- The vault: what records commit to, encrypted, with the salts of the commitments.
CREATE TABLE audit.audit_content (
  organization_id uuid NOT NULL,
  incarnation uuid NOT NULL,
  sequence_number bigint NOT NULL,
  field text NOT NULL,
  -- Whose key encrypts it.
  pid text NOT NULL,
  salt bytea NOT NULL CHECK (octet_length(salt) = 32),
  nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
  -- With the 16 bytes of the tag at the end.
  ciphertext bytea NOT NULL,
  PRIMARY KEY (organization_id, incarnation, sequence_number, field)
);
-- Ciphertext does not compress.
ALTER TABLE audit.audit_content ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
CREATE INDEX audit_content_subject ON audit.audit_content (organization_id, pid);

-- Which pseudonym a person has. Deleting the row is what makes the pseudonym one.
CREATE TABLE audit.audit_subject (
  organization_id uuid NOT NULL,
  subject_id text NOT NULL,
  pid text NOT NULL,
  PRIMARY KEY (organization_id, subject_id),
  CONSTRAINT audit_subject_pid UNIQUE (organization_id, pid)
);

-- Data key of a pseudonym, wrapped.
CREATE TABLE audit.audit_subject_key (
  organization_id uuid NOT NULL,
  pid text NOT NULL,
  kid text NOT NULL,
  wrapped_key bytea NOT NULL,
  PRIMARY KEY (organization_id, pid)
);

CREATE FUNCTION audit.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = '42501';
END
$$;

-- Statement triggers: they also refuse a statement that would touch no row. Each reaches only the table
-- it is on, so every partition gets its own, as it does with row-level security.
DO $$
DECLARE
  name text;
BEGIN
  FOR i IN 0..15 LOOP
    EXECUTE format(
      'CREATE TABLE audit.%I PARTITION OF audit.audit_logs FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
      'audit_logs_p' || lpad(i::text, 2, '0'), i
    );
  END LOOP;
  FOR name IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'audit\_logs%'
  LOOP
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()', name
    );
  END LOOP;
  FOR name IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'audit\_%'
  LOOP
    EXECUTE format('REVOKE ALL ON audit.%I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE audit.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY tenant ON audit.%I '
      'USING (organization_id = nullif(current_setting(''app.organization_id'', true), '''')::uuid)', name
    );
  END LOOP;
END
$$;

-- Who may do what: this page is the whole list. Partitions have no grants: nobody uses them directly.
GRANT SELECT, INSERT ON audit.audit_logs TO lexcustis_audit;
GRANT SELECT, INSERT ON audit.audit_content TO lexcustis_audit;
GRANT SELECT, INSERT ON audit.audit_subject TO lexcustis_audit;
GRANT SELECT, INSERT ON audit.audit_subject_key TO lexcustis_audit;
GRANT SELECT, INSERT, UPDATE ON audit.audit_log_oversight TO lexcustis_audit_oversight;
GRANT SELECT, DELETE ON audit.audit_content TO lexcustis_audit_eraser;
GRANT SELECT, DELETE ON audit.audit_subject TO lexcustis_audit_eraser;
GRANT SELECT, DELETE ON audit.audit_subject_key TO lexcustis_audit_eraser;
GRANT SELECT ON audit.schema_migration TO lexcustis_audit;

-- Starts of every organisation whose end is overdue, oldest first: ids only, for the background scan
-- that ends them. It runs as the owner, whom this policy, and no other, lets see rows of all tenants.
CREATE POLICY background_scan ON audit.audit_logs FOR SELECT TO lexcustis_owner USING (true);

CREATE FUNCTION audit.overdue_starts(due_after text, due_before text, at_most integer)
RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT started.organization_id, started.id
  FROM audit.audit_logs AS started
  WHERE started.ends_by IS NOT NULL
    AND greatest(started.ends_by, started.recorded_at) > due_after COLLATE "C"
    AND greatest(started.ends_by, started.recorded_at) <= due_before COLLATE "C"
    AND NOT EXISTS (
      SELECT FROM audit.audit_logs AS ended
      WHERE ended.organization_id = started.organization_id
        AND ended.ref = started.id
        AND ended.type IN ('chat.completed', 'chat.blocked', 'chat.aborted')
    )
  ORDER BY greatest(started.ends_by, started.recorded_at)
  LIMIT at_most
$$;
GRANT EXECUTE ON FUNCTION audit.overdue_starts(text, text, integer) TO lexcustis_audit;
