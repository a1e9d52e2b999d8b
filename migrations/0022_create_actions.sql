-- What a provider makes a server with, and what it said of it when it was asked.

ALTER TABLE servers
    -- Ids of the provider's actions, as the answer to the create named them; comma-separated. Empty
    -- when there was no answer.
    ADD COLUMN create_actions text NOT NULL DEFAULT '',
    -- JSON as text, see core/create_actions.hpp; empty as long as there is nothing to say.
    ADD COLUMN create_word text NOT NULL DEFAULT '';
