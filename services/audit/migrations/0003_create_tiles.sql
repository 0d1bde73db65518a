-- Full tiles of the Merkle tree of each log (SPEC.md, section 4). They can be rebuilt from the records
-- and are never changed; a proof made from them is checked against the signed root before it leaves.
CREATE TABLE audit.audit_tiles (
  organization_id uuid NOT NULL,
  incarnation uuid NOT NULL,
  -- Level L holds hashes of subtrees of height 8 L; level 0 the leaves.
  level smallint NOT NULL CHECK (level >= 0),
  tile_index bigint NOT NULL CHECK (tile_index >= 0),
  -- 256 hashes.
  hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
  -- The hash over them, which is an entry of a tile one level up.
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  PRIMARY KEY (organization_id, incarnation, level, tile_index)
);
-- Hashes do not compress.
ALTER TABLE audit.audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION audit.refuse_tile_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_tiles is append-only' USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.audit_tiles
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_tile_change();

REVOKE ALL ON audit.audit_tiles FROM PUBLIC;
ALTER TABLE audit.audit_tiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.audit_tiles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.audit_tiles
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON audit.audit_tiles TO lexcustis_audit;

-- The newest record of every organisation after one, for the signer's sweep: places and times only.
-- It runs as the owner, whom the policy background_scan lets see rows of all tenants, and jumps from
-- organisation to organisation along the primary key.
CREATE FUNCTION audit.log_heads(after uuid, at_most integer)
RETURNS TABLE (organization_id uuid, incarnation uuid, sequence_number bigint, recorded_at text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE organization AS (
    (
      SELECT record.organization_id, 1 AS number FROM audit.audit_logs AS record
      WHERE record.organization_id > after
      ORDER BY record.organization_id LIMIT 1
    )
    UNION ALL
    SELECT following.organization_id, organization.number + 1
    FROM organization CROSS JOIN LATERAL (
      SELECT record.organization_id FROM audit.audit_logs AS record
      WHERE record.organization_id > organization.organization_id
      ORDER BY record.organization_id LIMIT 1
    ) AS following
    WHERE organization.number < at_most
  )
  SELECT head.organization_id, head.incarnation, head.sequence_number, head.recorded_at
  FROM organization CROSS JOIN LATERAL (
    SELECT record.organization_id, record.incarnation, record.sequence_number, record.recorded_at
    FROM audit.audit_logs AS record
    WHERE record.organization_id = organization.organization_id
    ORDER BY record.incarnation DESC, record.sequence_number DESC LIMIT 1
  ) AS head
  ORDER BY head.organization_id
$$;
GRANT EXECUTE ON FUNCTION audit.log_heads(uuid, integer) TO lexcustis_audit;
