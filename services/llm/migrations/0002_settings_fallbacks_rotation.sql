-- What holds for an organisation whoever answers; no row means: nothing was said.
CREATE TABLE llm.provider_settings (
  organization_id uuid PRIMARY KEY,
  allowed_regions text[] NOT NULL,
  temperature_e4 integer CHECK (temperature_e4 BETWEEN 0 AND 20000),
  max_tokens integer CHECK (max_tokens > 0),
  set_by text NOT NULL,
  set_at timestamptz NOT NULL DEFAULT now()
);

-- Who is asked when the provider before cannot answer, in the order of `position`. API keys are sealed
-- as in provider_choice.
CREATE TABLE llm.provider_fallback (
  organization_id uuid NOT NULL,
  position smallint NOT NULL CHECK (position BETWEEN 1 AND 4),
  kind text NOT NULL,
  model text NOT NULL CHECK (model <> ''),
  base_url text NOT NULL,
  region text NOT NULL CHECK (region <> ''),
  sealed_key bytea,
  PRIMARY KEY (organization_id, position)
);

ALTER TABLE llm.provider_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE llm.provider_settings FORCE ROW LEVEL SECURITY;
ALTER TABLE llm.provider_fallback ENABLE ROW LEVEL SECURITY;
ALTER TABLE llm.provider_fallback FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON llm.provider_settings TO lexcustis_llm
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);
CREATE POLICY tenant ON llm.provider_fallback TO lexcustis_llm
  USING (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid)
  WITH CHECK (organization_id = nullif(current_setting('app.organization_id', true), '')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON llm.provider_settings TO lexcustis_llm;
GRANT SELECT, INSERT, UPDATE, DELETE ON llm.provider_fallback TO lexcustis_llm;

-- For the function below, which finds work across organisations and gives out ids only.
CREATE POLICY owner ON llm.provider_choice FOR SELECT TO lexcustis_owner USING (true);
CREATE POLICY owner ON llm.provider_fallback FOR SELECT TO lexcustis_owner USING (true);

-- Organisations with an API key whose bytes do not begin with `head`: those under an older sealing key.
CREATE FUNCTION llm.organizations_sealed_otherwise(head bytea)
RETURNS TABLE (organization_id uuid)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = ''
AS $$
  SELECT c.organization_id FROM llm.provider_choice AS c
  WHERE c.sealed_key IS NOT NULL AND substr(c.sealed_key, 1, length(head)) <> head
  UNION
  SELECT f.organization_id FROM llm.provider_fallback AS f
  WHERE f.sealed_key IS NOT NULL AND substr(f.sealed_key, 1, length(head)) <> head
$$;

GRANT EXECUTE ON FUNCTION llm.organizations_sealed_otherwise(bytea) TO lexcustis_llm;
