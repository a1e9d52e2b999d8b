#include "simulation/deploy/world.hpp"

#include <algorithm>

#include "core/chain.hpp"
#include "core/chat.hpp"
#include "support/catch.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;
using support::FakeRemoteHost;

FakeRemoteHost::Plan script(std::vector<std::string> lines, base::Milliseconds duration) {
    FakeRemoteHost::Plan plan;
    plan.duration = duration;
    base::Milliseconds at{0};
    for (auto& line : lines) {
        plan.lines.push_back({.after = at, .text = std::move(line)});
        at += duration / static_cast<long>(lines.size());
    }
    return plan;
}

}  // namespace

std::optional<base::Result<ports::ExecResult>> answer_scripts(FakeRemoteHost& hosts,
                                                              const ports::SshTarget& target,
                                                              const ports::ExecRequest& request) {
    const std::string key = "ssh-ed25519 ROTATED";
    ports::ExecResult result;
    if (request.command.find("prepare") != std::string::npos) {
        result.out = "hatchery-fact host_key=" + key + "\n";
    } else if (request.command.find("activate") != std::string::npos) {
        hosts.replace_host_key(target.host, key);
    } else if (request.command.starts_with("cat ")) {
        result.out = R"({"reply":"Hello yourself","usage":null})";
    }
    return result;
}

World::World(std::uint64_t seed)
    : random(seed),
      database(clock, random),
      cloud(true_clock),
      hosts(true_clock),
      jobs_(database),
      fleet_(database),
      crashing_jobs_(jobs_, crash_point),
      crashing_fleet_(fleet_, crash_point),
      crashing_telegram_(telegram, crash_point),
      keys_(crypto::make_key_maker()),
      settings_{.worker = base::WorkerId("sim"),
                .region = "fsn1",
                .server_type = "cx23",
                .image = "debian-12",
                .public_url = "https://bots.example.com"},
      ports_{.jobs = crashing_jobs_,
             .fleet = crashing_fleet_,
             .clouds = {{"hetzner", &cloud}},
             .hosts = hosts,
             .telegram = crashing_telegram_,
             .http = http,
             .bundles = bundles_,
             .keys = *keys_,
             .clock = clock,
             .random = random},
      runner_(ports_, settings_) {
    cloud.before_each_call([this](auto) { crash_point.pass(); });
    hosts.before_each_call([this](auto) { crash_point.pass(); });
    hosts.on_exec([this](const auto& target, const auto& request) {
        return answer_scripts(hosts, target, request);
    });
    hosts.plan("install_dependencies.sh", script({"user", "swap", "firewall", "unit"}, 4s));
    hosts.plan("deploy_openclaw.sh", script({"sum is right", "unpacked", "switched"}, 6s));
    hosts.plan("configure_bot.sh", script({"valid", "hatchery-fact config=changed"}, 2s));
    hosts.plan("start_bot.sh", script({"starting", "ready"}, 9s));
    hosts.plan("stop_bot.sh", script({"stopped"}, 1s));
    hosts.plan("chat_turn.sh", script({"the bot has answered"}, 3s));
    http.answer_otherwise([this](const ports::HttpRequest&) -> base::Result<ports::HttpResponse> {
        crash_point.pass();
        return ports::HttpResponse{.status = 200, .headers = {}, .body = {}};
    });
}

core::Bot World::add_bot() {
    const std::string token = "123456789:abcdefghijklmnopqrstuvwxyzABCDE";
    telegram.add_bot(token, "sim_bot", "Sim");
    core::Bot bot;
    bot.public_id = "public";
    bot.name = "Sim";
    bot.telegram_bot_id = 123456789;
    bot.telegram_username = "sim_bot";
    bot.model = "sandbox/model";
    bot.model_base_url = "http://127.0.0.1:1/v1";
    bot = database.add_bot(bot);
    database.add_secret(bot.id, ports::secret_name::telegram_token, token);
    database.add_secret(bot.id, ports::secret_name::webhook_secret, "hook-secret");
    database.add_secret(bot.id, ports::secret_name::gateway_token, "gateway-secret");
    database.add_secret(bot.id, ports::secret_name::model_api_key, "model-secret");
    return bot;
}

core::Operation World::start(const base::BotId& bot, core::OperationKind kind) {
    auto started = jobs_.start_operation({.bot_id = bot,
                                          .user_id = {},
                                          .kind = kind,
                                          .now = clock.now(),
                                          .deadline_at = clock.now() + 30min});
    REQUIRE(started);
    return *started;
}

core::Operation World::chat(const base::BotId& bot, const std::string& message,
                            ports::EarlierChats earlier) {
    auto started = jobs_.start_operation({.bot_id = bot,
                                          .user_id = {},
                                          .kind = core::OperationKind::chat,
                                          .now = clock.now(),
                                          .deadline_at = clock.now() + 5min,
                                          .payload = core::chat_payload_text({.message = message}),
                                          .earlier_chats = earlier});
    REQUIRE(started);
    return *started;
}

void World::cancel(const base::OperationId& operation) {
    REQUIRE(jobs_.request_cancel(operation, clock.now()));
}

void World::step() {
    REQUIRE(jobs_.rescue(clock.now()));
    auto claimed = jobs_.claim({.worker = settings_.worker,
                                .limit = 1,
                                .lease_for = settings_.lease_for,
                                .now = clock.now()});
    REQUIRE(claimed);
    if (claimed->empty()) {
        // Nothing to run: time passes, to when a job is due or a dead worker's lease has run out.
        const auto due = jobs_.next_due(settings_.capabilities);
        REQUIRE(due);
        auto next = clock.now() + settings_.lease_for / 4;
        if (*due) next = std::min(next, std::max(**due, clock.now() + 1ms));
        clock.advance_to(next - clock.skew());
        return;
    }
    try {
        std::optional<ports::ClaimedJob> job = claimed->front();
        while (job) {
            job = runner_.run(*job, {.stop = {}, .cancel_requested = never_, .draining = never_});
            clock.advance(1ms);
        }
    } catch (const Crash&) {
        ++crashes;
    }
}

core::Operation World::run_to_end(const base::OperationId& operation, base::Milliseconds limit) {
    const auto until = clock.now() + limit;
    for (;;) {
        const auto now = database.operation(operation);
        REQUIRE(now);
        if (core::is_terminal(now->state)) return *now;
        REQUIRE(clock.now() < until);
        step();
    }
}

}  // namespace hatchery::simulation
