-- The oldest operations, to prune them. By when they were made and not by when they ended: it never
-- changes, so that the end of an operation still touches no index.
CREATE INDEX operations_created_at_idx ON operations (created_at, id);
-- A bot's latest operation, with any number of chats between: every status shows it.
CREATE INDEX operations_of_bot_idx ON operations (bot_id, created_at, id) WHERE kind <> 'chat';
