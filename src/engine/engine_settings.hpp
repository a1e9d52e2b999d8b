#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "core/placement.hpp"
#include "core/retry.hpp"
#include "core/subscription.hpp"

namespace hatchery::engine {

/// What the operator chose, as far as the engine needs it.
struct EngineSettings {
    base::WorkerId worker;
    /// Threads that run steps.
    int threads = 16;
    /// Within this a dead worker is noticed and its jobs go on elsewhere.
    base::Milliseconds lease_for{30'000};
    /// What this worker offers, see core/requirements.hpp: a JSON object as text.
    std::string capabilities = "{}";
    /// Longest sleep of an idle dispatcher: the guarantee behind the wake-ups.
    base::Milliseconds poll_every{1'000};
    core::RetryPolicy retry;
    base::Milliseconds teardown_limit{15 * 60 * 1000};
    /// How long a machine with our label may be without a row before it is destroyed.
    base::Milliseconds stray_grace{10 * 60 * 1000};
    /// Otherwise it is only reported.
    bool destroy_strays = true;

    /// How long a server may boot before its provider is asked what it does, as long as nobody
    /// knows how long they usually take.
    base::Milliseconds boot_expected{45'000};

    std::string provider = "hetzner";
    std::string region;
    std::string server_type;
    std::string image;
    /// Of providers that name their images otherwise.
    std::map<std::string, std::string> images;
    /// Where to go on to when a place is sold out; empty: what the provider sells besides.
    std::vector<core::Place> places;
    /// What servers of a provider may cost a month at most, in its currency.
    std::map<std::string, double> ceilings;
    /// What plans allow.
    core::BillingRules billing;
    std::uint16_t ssh_port = 22;

    [[nodiscard]] const std::string& image_of(const std::string& at_provider) const {
        const auto found = images.find(at_provider);
        return found == images.end() ? image : found->second;
    }
    /// Where Telegram posts to: `https://…` without a slash at the end.
    std::string public_url;
    /// Telegram's base URL as servers reach it; empty means the real one.
    std::string telegram_api_url;
    /// The operator's model keys by provider name (`anthropic`, `openai`, `google`).
    std::map<std::string, base::Secret> model_keys;
};

}  // namespace hatchery::engine
