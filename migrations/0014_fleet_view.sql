-- What a bot's latest deploy was: the fleet is shown with the version that it installed, and most
-- operations are chats.
CREATE INDEX operations_deploys_idx ON operations (bot_id, id)
    WHERE kind IN ('deploy', 'upgrade') AND state = 'succeeded';
