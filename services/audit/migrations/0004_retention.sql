-- Retention: how long each organisation keeps content and records, and from where on its log goes on
-- after old records were pruned (AI Act, Art. 19 and 26(6); SPEC.md, section 6).

-- Every policy an organisation ever had; the one with the largest number counts. NULL: for ever.
CREATE TABLE audit.audit_retention_policy (
  organization_id uuid NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  content_days integer,
  record_days integer,
  -- Id of the settings.changed record that set it.
  approved_by uuid NOT NULL,
  PRIMARY KEY (organization_id, number),
  CONSTRAINT audit_retention_policy_record UNIQUE (organization_id, approved_by),
  -- The longest six months of a year have 184 days.
  CONSTRAINT audit_retention_policy_bounds CHECK (
    coalesce(content_days, 36500) BETWEEN 184 AND 36500
    AND coalesce(record_days, 36500) BETWEEN 184 AND 36500
    AND coalesce(record_days, 36500) >= coalesce(content_days, 36500)
  )
);

-- Where a log begins: below the minimum index only kept records stay. The largest one counts.
CREATE TABLE audit.audit_pruning (
  organization_id uuid NOT NULL,
  incarnation uuid NOT NULL,
  minimum_index bigint NOT NULL CHECK (minimum_index > 0 AND minimum_index % 256 = 0),
  -- Records below it that stay.
  kept_records bigint NOT NULL CHECK (kept_records > 0),
  -- MAC of the record before the minimum index, which the one there continues.
  previous_mac bytea NOT NULL CHECK (octet_length(previous_mac) = 32),
  -- Id of the settings.changed record that announced it.
  record_id uuid NOT NULL,
  -- The signed checkpoint that covers that record.
  note text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, incarnation, minimum_index)
);

-- What is never pruned: what a proof or an export of later records still needs (which keys there were,
-- what authorised an erasure and who agreed to that).
CREATE FUNCTION audit.is_kept(type text, ref uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT type IN (
      'chain.genesis', 'key.announced', 'subject.erased', 'content.expired', 'settings.changed'
    )
    -- Approvals of an erasure; a decision about a record names that record.
    OR (type = 'oversight.decided' AND ref IS NULL)
$$;
GRANT EXECUTE ON FUNCTION audit.is_kept(text, uuid) TO lexcustis_audit, lexcustis_audit_retention;

-- The service checks all of this and more. Here it holds even against whoever has its password.
CREATE FUNCTION audit.check_pruning() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  before record;
  newest record;
BEGIN
  IF EXISTS (
    SELECT FROM audit.audit_pruning AS earlier
    WHERE earlier.organization_id = NEW.organization_id AND earlier.incarnation = NEW.incarnation
      AND earlier.minimum_index >= NEW.minimum_index
  ) THEN
    RAISE EXCEPTION 'minimum_index does not go back' USING ERRCODE = '23514';
  END IF;
  SELECT mac, recorded_at INTO before FROM audit.audit_logs
    WHERE organization_id = NEW.organization_id AND incarnation = NEW.incarnation
      AND sequence_number = NEW.minimum_index - 1;
  IF before.mac IS DISTINCT FROM NEW.previous_mac THEN
    RAISE EXCEPTION 'previous_mac is not the one before minimum_index' USING ERRCODE = '23514';
  END IF;
  SELECT recorded_at INTO newest FROM audit.audit_logs
    WHERE organization_id = NEW.organization_id AND incarnation = NEW.incarnation
    ORDER BY sequence_number DESC LIMIT 1;
  IF before.recorded_at::timestamptz > newest.recorded_at::timestamptz - interval '184 days' THEN
    RAISE EXCEPTION 'a record is kept for six months at least' USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (
    SELECT FROM audit.audit_logs AS announced
    WHERE announced.organization_id = NEW.organization_id AND announced.id = NEW.record_id
      AND announced.incarnation = NEW.incarnation AND announced.type = 'settings.changed'
      AND announced.sequence_number >= NEW.minimum_index
  ) THEN
    RAISE EXCEPTION 'no record announces this minimum_index' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (
    SELECT FROM audit.audit_content AS content
    WHERE content.organization_id = NEW.organization_id AND content.incarnation = NEW.incarnation
      AND content.sequence_number < NEW.minimum_index
  ) THEN
    RAISE EXCEPTION 'content goes before its record' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER checked BEFORE INSERT ON audit.audit_pruning
  FOR EACH ROW EXECUTE FUNCTION audit.check_pruning();

-- Statement triggers as before, for everybody and every statement but one: the retention role's DELETE,
-- which the trigger on each row then judges. Both names must be its own: nobody else's function or
-- SET ROLE deletes.
CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE'
    AND current_user = 'lexcustis_audit_retention' AND session_user = 'lexcustis_audit_retention'
  THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = '42501';
END
$$;

CREATE FUNCTION audit.refuse_unpruned() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'lexcustis_audit_retention' AND session_user = 'lexcustis_audit_retention'
    AND NOT audit.is_kept(OLD.type, OLD.ref)
    AND OLD.sequence_number < (
      SELECT max(pruning.minimum_index) FROM audit.audit_pruning AS pruning
      WHERE pruning.organization_id = OLD.organization_id
        AND pruning.incarnation = OLD.incarnation
    )
  THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = '42501';
END
$$;
-- A row trigger of a partitioned table is one of each of its partitions as well.
CREATE TRIGGER append_only_row BEFORE DELETE ON audit.audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit.refuse_unpruned();

CREATE FUNCTION audit.refuse_retention_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['audit_retention_policy', 'audit_pruning'] LOOP
    EXECUTE format(
      'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_retention_change()', name
    );
    EXECUTE format('REVOKE ALL ON audit.%I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE audit.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
      'CREATE POLICY tenant ON audit.%I '
      'USING (organization_id = nullif(current_setting(''app.organization_id'', true), '''')::uuid)', name
    );
    EXECUTE format('GRANT SELECT, INSERT ON audit.%I TO lexcustis_audit', name);
  END LOOP;
END
$$;
GRANT SELECT ON audit.audit_pruning TO lexcustis_audit_retention;
-- Only through the parent: partitions have no grants.
GRANT SELECT, DELETE ON audit.audit_logs TO lexcustis_audit_retention;

-- Organisations that ever set a policy, for the daily run: ids only. It runs as the owner, whom this
-- policy, and no other, lets see rows of all tenants.
CREATE POLICY background_scan ON audit.audit_retention_policy
  FOR SELECT TO lexcustis_owner USING (true);
CREATE FUNCTION audit.retained_organizations(after uuid, at_most integer)
RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT policy.organization_id FROM audit.audit_retention_policy AS policy
  WHERE policy.organization_id > after
  ORDER BY policy.organization_id LIMIT at_most
$$;
GRANT EXECUTE ON FUNCTION audit.retained_organizations(uuid, integer) TO lexcustis_audit;
