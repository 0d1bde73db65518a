-- What a document is a version of, what it says of itself, and how far its passages are embedded.
-- Older code neither reads nor writes these columns: every one has a default.

ALTER TABLE rag.document
  -- ISO 639-1; empty until recognised, or when it could not be.
  ADD COLUMN language text NOT NULL DEFAULT '' CHECK (char_length(language) <= 8),
  -- When the text was true or in force.
  ADD COLUMN dated_at timestamptz,
  -- Where it is from, for example a CELEX number.
  ADD COLUMN source text NOT NULL DEFAULT '' CHECK (char_length(source) <= 2048),
  -- The version before and the version after.
  ADD COLUMN replaces uuid,
  ADD COLUMN replaced_by uuid,
  -- Name and digest of the model that its passages are embedded with; empty for none.
  ADD COLUMN embedding_model text NOT NULL DEFAULT '',
  ADD COLUMN progress_e4 integer NOT NULL DEFAULT 0 CHECK (progress_e4 BETWEEN 0 AND 10000);

-- The same bytes again are the same document.
CREATE INDEX document_content ON rag.document (organization_id, sha256) WHERE deleted_at IS NULL;

GRANT UPDATE (language, replaced_by, embedding_model, progress_e4) ON rag.document TO lexcustis_rag;

-- First page of the passage, from 1; 0 when the document has no pages.
ALTER TABLE rag.chunk ADD COLUMN page integer NOT NULL DEFAULT 0 CHECK (page >= 0);
