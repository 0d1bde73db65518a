-- Who exists in the database, and which schema is whose. Run as a superuser, connected to the
-- database of Lex Custis; it can be run again at any time. Tables and what each role may do to them
-- come with the services' migrations.
--
-- Nobody logs in as the owner. Migrations log in as lexcustis_migrator and become the owner. No role
-- below that owns anything, so none can grant itself more. Passwords are set apart from this file.

DO $$
DECLARE
  role_name text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lexcustis_owner') THEN
    CREATE ROLE lexcustis_owner;
  END IF;
  FOREACH role_name IN ARRAY ARRAY[
    'lexcustis_migrator',
    'lexcustis_gateway',
    'lexcustis_compliance',
    'lexcustis_rag',
    'lexcustis_llm',
    'lexcustis_audit',            -- appends to the log and reads it
    'lexcustis_audit_oversight',  -- the one mutable table about the log
    'lexcustis_audit_eraser',     -- deletes content and subject keys, never entries
    'lexcustis_audit_retention'   -- deletes below a signed pruning checkpoint
  ]
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I', role_name);
    END IF;
    EXECUTE format(
      'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS',
      role_name
    );
  END LOOP;
END
$$;

ALTER ROLE lexcustis_owner NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS;
GRANT lexcustis_owner TO lexcustis_migrator WITH INHERIT FALSE, SET TRUE;

DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO lexcustis_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format(
    'GRANT CONNECT ON DATABASE %I TO lexcustis_migrator, lexcustis_gateway, lexcustis_compliance, '
    'lexcustis_rag, lexcustis_llm, lexcustis_audit, lexcustis_audit_oversight, '
    'lexcustis_audit_eraser, lexcustis_audit_retention',
    current_database()
  );
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS identity AUTHORIZATION lexcustis_owner;
CREATE SCHEMA IF NOT EXISTS compliance AUTHORIZATION lexcustis_owner;
CREATE SCHEMA IF NOT EXISTS rag AUTHORIZATION lexcustis_owner;
CREATE SCHEMA IF NOT EXISTS llm AUTHORIZATION lexcustis_owner;
CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION lexcustis_owner;

GRANT USAGE ON SCHEMA identity TO lexcustis_gateway;
GRANT USAGE ON SCHEMA compliance TO lexcustis_compliance;
GRANT USAGE ON SCHEMA rag TO lexcustis_rag;
GRANT USAGE ON SCHEMA llm TO lexcustis_llm;
GRANT USAGE ON SCHEMA audit
  TO lexcustis_audit, lexcustis_audit_oversight, lexcustis_audit_eraser, lexcustis_audit_retention;

-- A function of the owner may run with the owner's rights (SECURITY DEFINER): nobody may call it
-- until a migration says who.
ALTER DEFAULT PRIVILEGES FOR ROLE lexcustis_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
