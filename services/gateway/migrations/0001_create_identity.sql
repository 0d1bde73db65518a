-- Who may sign in, and for which organisation. Every table is a tenant table: row-level security shows
-- the rows of app.organization_id and nothing else, to the owner too. What must be found before the
-- organisation is known (an e-mail address, a key, a token) goes through the functions at the end,
-- which run as the owner, return ids only, and are all that the owner's own policies are for.

CREATE TABLE identity.organization (
  id uuid PRIMARY KEY,
  slug text NOT NULL,
  name text NOT NULL,
  paused_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT organization_slug_unique UNIQUE (slug)
);

CREATE TABLE identity.account (
  organization_id uuid NOT NULL REFERENCES identity.organization (id),
  id uuid NOT NULL,
  email text NOT NULL,
  -- Lower case: addresses that differ only in case are the same person.
  email_key text NOT NULL,
  password_hash text NOT NULL,
  role text NOT NULL CHECK (role IN ('member', 'reviewer', 'auditor', 'admin', 'operator')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT account_email_unique UNIQUE (email_key),
  -- Operators belong to the deployment and nobody else does.
  CONSTRAINT account_operator_place CHECK (
    (role = 'operator') = (organization_id = '00000000-0000-8000-8000-000000000000')
  )
);

CREATE TABLE identity.api_key (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  -- The public half: enough to find the key, useless without the secret.
  prefix text NOT NULL,
  -- SHA-256 of 256 random bits; a slow hash would add nothing.
  secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT api_key_prefix_unique UNIQUE (prefix),
  FOREIGN KEY (organization_id, account_id) REFERENCES identity.account (organization_id, id)
);

-- A sign-in and everything refreshed from it is one family; a token used twice ends the family.
CREATE TABLE identity.refresh_family (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, account_id) REFERENCES identity.account (organization_id, id)
);

CREATE TABLE identity.refresh_token (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  family_id uuid NOT NULL,
  token_sha256 bytea NOT NULL CHECK (octet_length(token_sha256) = 32),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (organization_id, id),
  CONSTRAINT refresh_token_unique UNIQUE (token_sha256),
  FOREIGN KEY (organization_id, family_id) REFERENCES identity.refresh_family (organization_id, id)
);

-- Failed sign-ins not yet in the log: at most one record per account and minute, with their number.
CREATE TABLE identity.auth_failure (
  organization_id uuid NOT NULL,
  account_id uuid NOT NULL,
  unreported integer NOT NULL CHECK (unreported >= 0),
  reported_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, account_id),
  FOREIGN KEY (organization_id, account_id) REFERENCES identity.account (organization_id, id)
);
CREATE INDEX auth_failure_unreported ON identity.auth_failure (reported_at) WHERE unreported > 0;

ALTER TABLE identity.organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.organization FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity.organization TO lexcustis_gateway
  USING (id = nullif(current_setting('app.organization_id', true), '')::uuid);

DO $$
DECLARE
  table_name text;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['account', 'api_key', 'refresh_family', 'refresh_token', 'auth_failure']
  LOOP
    EXECUTE format('ALTER TABLE identity.%I ENABLE ROW LEVEL SECURITY', table_name);
    EXECUTE format('ALTER TABLE identity.%I FORCE ROW LEVEL SECURITY', table_name);
    EXECUTE format(
      'CREATE POLICY tenant ON identity.%I TO lexcustis_gateway '
      'USING (organization_id = nullif(current_setting(''app.organization_id'', true), '''')::uuid)',
      table_name
    );
  END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE ON identity.organization TO lexcustis_gateway;
GRANT SELECT, INSERT ON identity.account TO lexcustis_gateway;
GRANT SELECT, INSERT ON identity.api_key TO lexcustis_gateway;
GRANT UPDATE (revoked_at) ON identity.api_key TO lexcustis_gateway;
GRANT SELECT, INSERT ON identity.refresh_family TO lexcustis_gateway;
GRANT UPDATE (revoked_at) ON identity.refresh_family TO lexcustis_gateway;
GRANT SELECT, INSERT, DELETE ON identity.refresh_token TO lexcustis_gateway;
GRANT UPDATE (used_at) ON identity.refresh_token TO lexcustis_gateway;
GRANT SELECT, INSERT, UPDATE ON identity.auth_failure TO lexcustis_gateway;

-- For the functions below, and for nothing that a service can reach.
CREATE POLICY directory ON identity.account FOR SELECT TO lexcustis_owner USING (true);
CREATE POLICY directory ON identity.api_key FOR SELECT TO lexcustis_owner USING (true);
CREATE POLICY directory ON identity.refresh_token FOR SELECT TO lexcustis_owner USING (true);
CREATE POLICY directory ON identity.auth_failure FOR SELECT TO lexcustis_owner USING (true);

CREATE FUNCTION identity.find_account(wanted text) RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.organization_id, a.id FROM identity.account a WHERE a.email_key = wanted
$$;

CREATE FUNCTION identity.find_api_key(wanted text) RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.organization_id, k.id FROM identity.api_key k WHERE k.prefix = wanted
$$;

CREATE FUNCTION identity.find_refresh_token(wanted bytea) RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT t.organization_id, t.id FROM identity.refresh_token t WHERE t.token_sha256 = wanted
$$;

CREATE FUNCTION identity.find_unreported_auth_failures(before timestamptz)
RETURNS TABLE (organization_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT f.organization_id, f.account_id FROM identity.auth_failure f
  WHERE f.unreported > 0 AND f.reported_at <= before ORDER BY f.reported_at LIMIT 100
$$;

GRANT EXECUTE ON FUNCTION identity.find_account(text) TO lexcustis_gateway;
GRANT EXECUTE ON FUNCTION identity.find_api_key(text) TO lexcustis_gateway;
GRANT EXECUTE ON FUNCTION identity.find_refresh_token(bytea) TO lexcustis_gateway;
GRANT EXECUTE ON FUNCTION identity.find_unreported_auth_failures(timestamptz) TO lexcustis_gateway;

-- The deployment itself: operators belong to it, and nobody can take its slug.
CREATE POLICY deployment ON identity.organization FOR INSERT TO lexcustis_owner
  WITH CHECK (id = '00000000-0000-8000-8000-000000000000');
INSERT INTO identity.organization (id, slug, name)
VALUES ('00000000-0000-8000-8000-000000000000', 'deployment', 'Deployment');
DROP POLICY deployment ON identity.organization;
