#include <unistd.h>

#include <array>

#include "app/run_command.hpp"
#include "app/service.hpp"
#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/version.hpp"
#include "crypto/digest.hpp"

namespace hatchery::app {

namespace {

using base::Json;

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
    return base::to_utf8(name.data());
}

/// The last part of a webhook's path is usually what makes it secret.
engine::AlarmWebhook webhook_of(const config::Config& config) {
    const std::string url = config.alarm_webhook_url.reveal();
    engine::AlarmWebhook webhook{.url = url, .url_secret = {}, .sign = {}};
    const auto slash = url.rfind('/');
    if (slash > url.find("://") + 2) {
        webhook.url = url.substr(0, slash + 1) + "{secret}";
        webhook.url_secret = base::Secret(url.substr(slash + 1));
    }
    if (!config.alarm_webhook_secret.empty()) {
        webhook.sign = [key = config.alarm_webhook_secret](std::string_view text) {
            return base::hex_encode(crypto::hmac_sha256(key.reveal(), text));
        };
    }
    return webhook;
}

}  // namespace

std::string capabilities_of(const Adapters& adapters, const config::Config& config) {
    Json providers = Json::array();
    for (const auto& [name, cloud] : adapters.clouds) providers.push_back(name);
    Json capabilities = {{"host", host_name()}};
    // An empty list is no capability.
    if (!providers.empty()) capabilities["provider"] = std::move(providers);
    if (const auto own = base::parse_json(config.capabilities)) capabilities.update(*own);
    // By their names, the one that seals first: `keys rotate` looks who could not open what it
    // seals.
    capabilities[std::string(master_keys_capability)] = adapters.box->key_ids();
    return base::dump_json(capabilities);
}

std::unique_ptr<engine::PoolWatch> make_pool_watch_of(Adapters& adapters,
                                                      const config::Config& config,
                                                      core::WorkerRole role,
                                                      engine::Engine& engine) {
    engine::PoolSettings settings;
    settings.self = {.id = adapters.worker,
                     .host = host_name(),
                     .version = std::string(base::version),
                     .role = role,
                     .capabilities = capabilities_of(adapters, config)};
    settings.processes = config.pool;
    settings.threads = config.pool;
    settings.threads.min_workers = config.workers;
    settings.threads.max_workers = config.max_workers;
    settings.alarms = config.alarms;
    if (!config.alarm_webhook_url.empty()) settings.webhook = webhook_of(config);
    if (!config.scale_command.empty()) {
        settings.scale = [command = config.scale_command](int workers, const base::Call& call) {
            std::vector<std::string> words = command;
            words.push_back(std::to_string(workers));
            return run_command(words, "scale_command_output", call);
        };
    }
    return engine::make_pool_watch({.registry = *adapters.workers,
                                    .queue = *adapters.queue,
                                    .alarms = *adapters.alarms,
                                    .fleet = *adapters.fleet,
                                    .http = *adapters.http,
                                    .metrics = adapters.metrics,
                                    .clock = adapters.clock,
                                    .random = adapters.random},
                                   std::move(settings), engine);
}

}  // namespace hatchery::app
