#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/json_value.hpp"
#include "bench_world.hpp"
#include "commands.hpp"
#include "engine/step_context.hpp"
#include "engine/steps/steps.hpp"
#include "store/bot_repository.hpp"
#include "store/token_repository.hpp"

namespace hatchery::bench {

namespace {

using namespace std::chrono_literals;
using support::FakeRemoteHost;

/// The provider says `running` then; the server takes up to as long again until it lets us in.
constexpr auto boot_time = 30s;
/// All deployments are asked for within this time, which is less than any of them lasts.
constexpr auto arrival = 60s;
constexpr auto limit = 300s;

FakeRemoteHost::Plan script(int lines, base::Milliseconds duration) {
    FakeRemoteHost::Plan plan;
    plan.duration = duration;
    for (int i = 0; i < lines; ++i) {
        plan.lines.push_back({.after = duration * i / lines,
                              .text = "line " + std::to_string(i) + " of what a script says"});
    }
    return plan;
}

/// Servers that refuse connections for 30 to 60 s after they were made.
class BootingServers {
public:
    explicit BootingServers(BenchWorld& world) : world_(world) {}

    std::optional<base::Result<ports::ExecResult>> exec(const ports::SshTarget& target,
                                                        const ports::ExecRequest& request) {
        const std::string key = "ssh-ed25519 ROTATED";
        if (request.command == "true") {
            if (!booted(target.host)) {
                return base::fail(base::ErrorKind::unavailable, "Connection refused.");
            }
            return ports::ExecResult{};
        }
        ports::ExecResult result;
        if (request.command.find("prepare") != std::string::npos) {
            result.out = "hatchery-fact host_key=" + key + "\n";
        } else if (request.command.find("activate") != std::string::npos) {
            world_.hosts.replace_host_key(target.host, key);
        }
        return result;
    }

private:
    bool booted(const std::string& host) {
        const auto now = world_.clock.now();
        const std::lock_guard lock(mutex_);
        const auto [found, fresh] = ready_at_.try_emplace(host);
        if (fresh) {
            found->second =
                now + boot_time + std::chrono::milliseconds(world_.random.next_u64() % 30'000);
        }
        return now >= found->second;
    }

    BenchWorld& world_;
    std::mutex mutex_;
    std::map<std::string, base::TimePoint> ready_at_;
};

/// Waits for news of a run as a real server's connection does; the fake answers at once.
class PatientHost final : public ports::RemoteHost {
public:
    explicit PatientHost(ports::RemoteHost& host) : host_(host) {}

    base::Result<ports::RunOutput> read_run(const ports::SshTarget& target,
                                            const std::string& run_id, std::uint64_t offset,
                                            base::Milliseconds patience,
                                            const base::Call& call) override {
        const auto until = std::chrono::steady_clock::now() + patience;
        for (;;) {
            auto output = host_.read_run(target, run_id, offset, patience, call);
            const bool news =
                !output || !output->lines.empty() || output->state != ports::RunState::running;
            if (news || std::chrono::steady_clock::now() >= until) return output;
            std::this_thread::sleep_for(10ms);
        }
    }

    base::Result<ports::ExecResult> exec(const ports::SshTarget& target,
                                         const ports::ExecRequest& request,
                                         const base::Call& call) override {
        return host_.exec(target, request, call);
    }
    base::Result<void> put_file(const ports::SshTarget& target, const base::Secret& content,
                                const std::string& remote_path, int mode,
                                const base::Call& call) override {
        return host_.put_file(target, content, remote_path, mode, call);
    }
    base::Result<void> upload(const ports::SshTarget& target, const ports::FileUpload& file,
                              const base::Call& call) override {
        return host_.upload(target, file, call);
    }
    base::Result<ports::RunState> start_run(const ports::SshTarget& target,
                                            const ports::ScriptRun& run,
                                            const base::Call& call) override {
        return host_.start_run(target, run, call);
    }
    base::Result<void> stop_run(const ports::SshTarget& target, const std::string& run_id,
                                const base::Call& call) override {
        return host_.stop_run(target, run_id, call);
    }
    base::Result<std::unique_ptr<ports::Tunnel>> open_tunnel(const ports::SshTarget& target,
                                                             std::uint16_t remote_port,
                                                             const base::Call& call) override {
        return host_.open_tunnel(target, remote_port, call);
    }
    void forget(const ports::SshTarget& target) override { host_.forget(target); }

private:
    ports::RemoteHost& host_;
};

void furnish(BenchWorld& world, BootingServers& servers) {
    world.hosts.on_exec(
        [&](const auto& target, const auto& request) { return servers.exec(target, request); });
    world.hosts.plan("install_dependencies.sh", script(10, 8s));
    world.hosts.plan("deploy_openclaw.sh", script(10, 12s));
    auto configure = script(3, 3s);
    configure.lines.push_back({.after = 1s, .text = "hatchery-fact config=changed"});
    world.hosts.plan("configure_bot.sh", configure);
    world.hosts.plan("start_bot.sh", script(5, 10s));
    world.http.answer_otherwise([](const auto&) -> base::Result<ports::HttpResponse> {
        return ports::HttpResponse{.status = 200, .headers = {}, .body = {}};
    });
}

std::vector<core::Bot> make_bots(BenchWorld& world, int count) {
    const auto bots =
        store::make_bot_repository(*world.database, world.box, world.clock, world.random);
    const auto users = store::make_token_repository(*world.database, world.clock, world.random);
    const auto user = must(users->get_or_create_user("fleet@example.com", store::UserRole::user));
    std::vector<core::Bot> made(static_cast<std::size_t>(count));
    std::atomic<int> next{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int n = next++; n < count; n = next++) {
                const std::int64_t telegram_id = 100'000'000 + n;
                const std::string token =
                    std::to_string(telegram_id) + ":abcdefghijklmnopqrstuvwxyzABCDEFGHI";
                world.telegram.add_bot(token, "bench" + std::to_string(n) + "_bot", "Bench");
                core::Bot bot;
                bot.user_id = user.id;
                bot.name = "Bench";
                bot.telegram_bot_id = telegram_id;
                bot.telegram_username = "bench" + std::to_string(n) + "_bot";
                bot.model = "sandbox/model";
                bot.model_base_url = "http://127.0.0.1:1/v1";
                bot.provider = "hetzner";
                made[static_cast<std::size_t>(n)] = must(bots->create(
                    bot, {{ports::secret_name::telegram_token, base::Secret(token)},
                          {ports::secret_name::webhook_secret, base::Secret("hook")},
                          {ports::secret_name::gateway_token, base::Secret("gateway")},
                          {ports::secret_name::model_api_key, base::Secret("model")}}));
            }
        });
    }
    return made;
}

/// How late runs began, and how many of them there were.
class Lateness {
public:
    void add(double ms) {
        const std::lock_guard lock(mutex_);
        late_ms_.push_back(static_cast<float>(ms));
    }
    [[nodiscard]] std::vector<double> all() {
        const std::lock_guard lock(mutex_);
        return {late_ms_.begin(), late_ms_.end()};
    }

private:
    std::mutex mutex_;
    std::vector<float> late_ms_;
};

double resident_mb() {
    std::ifstream file("/proc/self/statm");
    long total = 0;
    long resident = 0;
    file >> total >> resident;
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1e6;
}

struct Fleet {
    long long at_once = 0;
    double rss_mb = 0;
};

Fleet watch(BenchWorld& world) {
    Fleet fleet;
    const auto give_up_at = world.clock.now() + limit;
    for (;;) {
        std::this_thread::sleep_for(1s);
        const auto live = world.count(
            "SELECT count(*) FROM operations WHERE state IN ('pending', 'running', 'waiting')");
        fleet.at_once = std::max(fleet.at_once, live);
        fleet.rss_mb = std::max(fleet.rss_mb, resident_mb());
        std::cerr << live << " in flight\n";
        if (live == 0) return fleet;
        if (world.clock.now() > give_up_at) {
            throw std::runtime_error(std::to_string(live) + " deployments did not end");
        }
    }
}

}  // namespace

void in_flight(const Arguments& arguments) {
    BenchWorld world(arguments.database_url(), boot_time);
    BootingServers servers(world);
    furnish(world, servers);
    const auto bots = make_bots(world, static_cast<int>(arguments.number("deployments", 5'000)));
    Lateness lateness;
    auto settings = world.settings(static_cast<int>(arguments.number("threads", 16)));
    Fleet fleet;
    PatientHost patient_hosts(world.hosts);
    const auto began = world.clock.now();
    {
        const RunningEngine engine(
            world, patient_hosts, settings, [&](engine::StepContext& context) {
                lateness.add(std::chrono::duration<double, std::milli>(context.now() -
                                                                       context.claimed.job.run_at)
                                 .count());
                return engine::run_step(context);
            });
        // Customers come one after the other, not all in the same moment.
        std::jthread customers([&] {
            for (std::size_t i = 0; i < bots.size(); ++i) {
                std::this_thread::sleep_until(began + arrival * i / bots.size());
                const auto now = world.clock.now();
                (void)must(world.jobs->start_operation({.bot_id = bots[i].id,
                                                        .user_id = bots[i].user_id,
                                                        .kind = core::OperationKind::deploy,
                                                        .now = now,
                                                        .deadline_at = now + 30min}));
            }
        });
        // Not before there is something to watch.
        std::this_thread::sleep_for(1s);
        fleet = watch(world);
    }
    const auto succeeded = world.count("SELECT count(*) FROM operations WHERE state = 'succeeded'");
    if (succeeded != static_cast<long long>(bots.size())) {
        throw std::runtime_error(std::to_string(succeeded) + " deployments succeeded instead of " +
                                 std::to_string(bots.size()));
    }
    auto late_ms = lateness.all();
    const double p50 = percentile(late_ms, 0.5);
    const double p99 = percentile(late_ms, 0.99);
    std::cout << base::dump_json(
                     {{"at_once", fleet.at_once},
                      {"rss_mb", fleet.rss_mb},
                      {"late_p50_ms", p50},
                      {"late_p99_ms", p99},
                      {"late_max_ms", late_ms.back()},
                      {"runs", late_ms.size()},
                      {"seconds",
                       std::chrono::duration<double>(world.clock.now() - began).count()}})
              << "\n";
}

}  // namespace hatchery::bench
