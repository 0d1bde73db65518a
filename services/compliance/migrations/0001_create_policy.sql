-- What organisations want done about findings. Versions are kept: a verdict in the audit log names the
-- version it was made under, and that version must still be readable years later.
CREATE TABLE compliance.policy (
  organization_id uuid NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  pii_mode text NOT NULL CHECK (pii_mode IN ('monitor', 'block')),
  injection_mode text NOT NULL CHECK (injection_mode IN ('monitor', 'block')),
  bias_mode text NOT NULL CHECK (bias_mode IN ('monitor', 'block')),
  grounding_mode text NOT NULL CHECK (grounding_mode IN ('monitor', 'block')),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, version)
);

ALTER TABLE compliance.policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE compliance.policy FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON compliance.policy
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);

-- A version that was in force is never changed or taken back.
GRANT SELECT, INSERT ON compliance.policy TO lexcustis_compliance;
