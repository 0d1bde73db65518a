-- Which provider an organisation chose for itself; no row means the deployment's default. The API key
-- is sealed (AES-256-GCM, key outside the database) for this organisation, kind and base URL.
CREATE TABLE llm.provider_choice (
  organization_id uuid PRIMARY KEY,
  kind text NOT NULL,
  model text NOT NULL CHECK (model <> ''),
  base_url text NOT NULL,
  region text NOT NULL CHECK (region <> ''),
  sealed_key bytea,
  set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE llm.provider_choice ENABLE ROW LEVEL SECURITY;
ALTER TABLE llm.provider_choice FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON llm.provider_choice
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON llm.provider_choice TO lexcustis_llm;

-- What was used, for the dossier (AI Act, Art. 53): rows are added and touched, never taken back.
CREATE TABLE llm.provider_use (
  organization_id uuid NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  model_snapshot text NOT NULL,
  region text NOT NULL,
  first_used_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, provider, model, model_snapshot, region)
);

ALTER TABLE llm.provider_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE llm.provider_use FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON llm.provider_use
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);

GRANT SELECT, INSERT ON llm.provider_use TO lexcustis_llm;
GRANT UPDATE (last_used_at) ON llm.provider_use TO lexcustis_llm;
