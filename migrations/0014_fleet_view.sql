-- What a bot's latest deploy was: the fleet is shown with the version that it installed, and most
-- operations are chats. How it ended is no condition of the index, so that the end of an operation
-- touches none.
CREATE INDEX operations_deploys_idx ON operations (bot_id, id)
    WHERE kind IN ('deploy', 'upgrade');
