#include <fmt/format.h>

#include <chrono>

#include "base/steady_time.hpp"
#include "core/release_text.hpp"
#include "engine/script_step.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// 170 MB over a slow line.
constexpr auto upload_limit = 15min;
constexpr auto progress_every = 2s;

/// Sends the bundle, saying how far it is.
base::Result<void> send(StepContext& context, const HostLogin& login,
                        const ports::ReleaseBundle& bundle, const std::string& remote_path) {
    auto last = base::steady_now();
    const auto progress = [&](std::uint64_t done, std::uint64_t total) {
        const auto now = base::steady_now();
        if (now - last < progress_every) return;
        last = now;
        // A line that cannot be written is no reason to break the transfer; the lease decides.
        (void)context.say(
            fmt::format("sending OpenClaw: {} of {} MB", done / 1'000'000, total / 1'000'000));
    };
    return context.outside([&] {
        return context.ports.hosts.upload(login.target,
                                          {.local_path = bundle.path,
                                           .remote_path = remote_path,
                                           .sha256 = bundle.sha256,
                                           .mode = 0600,
                                           .progress = progress},
                                          context.call(upload_limit));
    });
}

}  // namespace

core::StepOutcome deploy_openclaw(StepContext& context) {
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    auto bundle = context.ports.bundles.current();
    if (!bundle) return failed(std::move(bundle).error());
    const std::string remote_path =
        fmt::format("/var/lib/hatchery/bundles/openclaw-{}.tar.zst", bundle->sha256.substr(0, 12));
    const auto prepare = [&]() -> base::Result<void> {
        if (auto said = context.say(fmt::format("sending OpenClaw {} ({} MB) to the server",
                                                bundle->version, bundle->bytes / 1'000'000));
            !said) {
            return said;
        }
        return send(context, *login, *bundle, remote_path);
    };
    if (auto outcome = run_script(context, *login,
                                  {.script = "deploy_openclaw.sh",
                                   .environment = {{"BUNDLE", remote_path},
                                                   {"BUNDLE_SHA256", bundle->sha256},
                                                   {"OPENCLAW_VERSION", bundle->version}},
                                   .prepare = prepare})) {
        return *std::move(outcome);
    }
    return core::Succeeded{core::installed_text(bundle->version)};
}

}  // namespace hatchery::engine
