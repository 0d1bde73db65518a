-- Documents as they were uploaded, and the passages cut from them. The search index outside this
-- database holds ids and terms only and can be built again from these tables.
--
-- The shared knowledge base belongs to 00000000-0000-8000-8000-000000000000, which is no organisation:
-- for the tables it is one more owner, so one policy is enough and no tenant can write to it.

CREATE TABLE rag.document (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  media_type text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes > 0),
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'parsing', 'embedding', 'ready', 'failed')),
  reason text NOT NULL DEFAULT '',
  chunk_count integer NOT NULL DEFAULT 0 CHECK (chunk_count >= 0),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Set by a delete: nobody sees the document any more; a worker removes what is left in the index.
  deleted_at timestamptz,
  -- A worker holds the document until then. `attempt` grows with every claim and fences off a worker
  -- that was slower than its lease.
  lease_until timestamptz,
  attempt integer NOT NULL DEFAULT 0,
  PRIMARY KEY (organization_id, id)
);

CREATE INDEX document_newest ON rag.document (organization_id, created_at DESC, id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX document_pending ON rag.document (created_at)
  WHERE state IN ('queued', 'parsing', 'embedding') OR deleted_at IS NOT NULL;

-- The file, in pieces of 1 MiB.
CREATE TABLE rag.document_part (
  organization_id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  bytes bytea NOT NULL,
  PRIMARY KEY (organization_id, document_id, ordinal),
  FOREIGN KEY (organization_id, document_id) REFERENCES rag.document ON DELETE CASCADE
);
ALTER TABLE rag.document_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE rag.chunk (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  document_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 0),
  heading_path text[] NOT NULL,
  -- Code points of the document's text.
  start_offset integer NOT NULL CHECK (start_offset >= 0),
  end_offset integer NOT NULL CHECK (end_offset > start_offset),
  text text NOT NULL,
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, document_id, ordinal),
  FOREIGN KEY (organization_id, document_id) REFERENCES rag.document ON DELETE CASCADE
);

ALTER TABLE rag.document ENABLE ROW LEVEL SECURITY;
ALTER TABLE rag.document FORCE ROW LEVEL SECURITY;
ALTER TABLE rag.document_part ENABLE ROW LEVEL SECURITY;
ALTER TABLE rag.document_part FORCE ROW LEVEL SECURITY;
ALTER TABLE rag.chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE rag.chunk FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON rag.document TO lexcustis_rag
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
CREATE POLICY tenant ON rag.document_part TO lexcustis_rag
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
CREATE POLICY tenant ON rag.chunk TO lexcustis_rag
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
-- For the function below, which finds work across organisations and gives out ids only.
CREATE POLICY owner ON rag.document TO lexcustis_owner USING (true) WITH CHECK (true);

-- What was uploaded never changes; only where it stands does.
GRANT SELECT, INSERT, DELETE ON rag.document TO lexcustis_rag;
GRANT UPDATE (state, reason, chunk_count, deleted_at, lease_until, attempt)
  ON rag.document TO lexcustis_rag;
GRANT SELECT, INSERT, DELETE ON rag.document_part TO lexcustis_rag;
GRANT SELECT, INSERT, DELETE ON rag.chunk TO lexcustis_rag;

-- Takes the oldest document that waits, or whose worker let its lease run out, for `lease_ms`.
CREATE FUNCTION rag.claim_document(lease_ms integer)
RETURNS TABLE (organization_id uuid, document_id uuid, attempt integer)
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  UPDATE rag.document AS d
  SET attempt = d.attempt + 1,
      lease_until = clock_timestamp() + lease_ms * interval '1 millisecond',
      state = CASE WHEN d.state = 'queued' THEN 'parsing' ELSE d.state END
  FROM (
    SELECT w.organization_id, w.id
    FROM rag.document AS w
    WHERE (w.state IN ('queued', 'parsing', 'embedding') OR w.deleted_at IS NOT NULL)
      AND (w.lease_until IS NULL OR w.lease_until < clock_timestamp())
    ORDER BY w.created_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) AS next
  WHERE d.organization_id = next.organization_id AND d.id = next.id
  RETURNING d.organization_id, d.id, d.attempt
$$;

GRANT EXECUTE ON FUNCTION rag.claim_document(integer) TO lexcustis_rag;
