-- Documents that are ready but embedded with another model than the present one, or with none. They are
-- embedded again in the background and stay ready, so everything about them can be found meanwhile.

CREATE INDEX document_model ON rag.document (embedding_model)
  WHERE state = 'ready' AND deleted_at IS NULL AND replaced_by IS NULL;

-- Takes one of them for `lease_ms`. Works across organisations and gives out ids only, as
-- rag.claim_document does. Two ranges instead of <>: the index finds quickly that there is none.
CREATE FUNCTION rag.claim_outdated_document(lease_ms integer, model text)
RETURNS TABLE (organization_id uuid, document_id uuid, attempt integer)
LANGUAGE sql
SECURITY DEFINER
SET search_path = ''
AS $$
  UPDATE rag.document AS d
  SET attempt = d.attempt + 1,
      lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
  FROM (
    SELECT o.organization_id, o.id
    FROM rag.document AS o
    WHERE o.state = 'ready' AND o.deleted_at IS NULL AND o.replaced_by IS NULL
      AND (o.embedding_model < model OR o.embedding_model > model)
      AND (o.lease_until IS NULL OR o.lease_until < clock_timestamp())
    LIMIT 1
    FOR UPDATE SKIP LOCKED
  ) AS next
  WHERE d.organization_id = next.organization_id AND d.id = next.id
  RETURNING d.organization_id, d.id, d.attempt
$$;

GRANT EXECUTE ON FUNCTION rag.claim_outdated_document(integer, text) TO lexcustis_rag;
