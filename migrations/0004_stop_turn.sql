-- A chat that ends without a reply stops its turn on the server by a step of its own.
ALTER TABLE jobs
    DROP CONSTRAINT jobs_step_check,
    ADD CONSTRAINT jobs_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook', 'chat_turn', 'stop_turn'));
ALTER TABLE events
    DROP CONSTRAINT events_step_check,
    ADD CONSTRAINT events_step_check
        CHECK (step IN ('provision_server', 'install_dependencies', 'deploy_openclaw',
                        'configure_bot', 'start_bot', 'stop_bot', 'destroy_server',
                        'remove_webhook', 'chat_turn', 'stop_turn'));
