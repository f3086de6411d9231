-- migrate:up
-- Few refunds are settled elsewhere: each page of reconcile asks which of them went back twice, and must not read all refunds for that.
CREATE INDEX refunds_settled ON refunds (id) WHERE settled_at IS NOT NULL;

-- migrate:down
DROP INDEX refunds_settled;
