-- Which erasure used which approval. Two erasures that name the same approval at the same moment both
-- find it unused; the primary key lets one of them win. Nothing here names a person.
CREATE TABLE audit.audit_erasure (
  organization_id uuid NOT NULL,
  -- Id of the oversight.decided record.
  approved_by uuid NOT NULL,
  -- Id of the request, and of its first subject.erased record.
  request_id uuid NOT NULL,
  PRIMARY KEY (organization_id, approved_by),
  CONSTRAINT audit_erasure_request UNIQUE (organization_id, request_id)
);
REVOKE ALL ON audit.audit_erasure FROM PUBLIC;
ALTER TABLE audit.audit_erasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.audit_erasure FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.audit_erasure
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
GRANT SELECT, INSERT ON audit.audit_erasure TO lexcustis_audit;
