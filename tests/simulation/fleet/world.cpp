#include "simulation/fleet/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/ownership.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;

constexpr int max_depth = 3;

support::FakeCloudProvider::Options cloud_options(const Profile& profile) {
    return {.name = provider_name,
            .boot_time = profile.boot_time,
            .delete_time = profile.delete_time,
            .unique_names = !profile.like_digitalocean,
            .late_address = profile.like_digitalocean,
            .wants_ssh_key = profile.like_digitalocean};
}

}  // namespace

World::World(const Options& options)
    : random(options.seed),
      profile(draw_profile(random)),
      trace(options.keep_lines),
      provider(true_clock, cloud_options(profile)),
      hosts(true_clock, {.servers_appear = false, .check_uploads = false, .max_lines_per_read = 3}),
      began_(clock.true_time()),
      machines_(*this),
      checks_(*this),
      steady_([this] { return base::SteadyTime{clock.true_time().time_since_epoch()}; }),
      log_([this](const std::string& line) {
          checks_.no_secret(line, "a log line");
          trace.add(line);
      }) {
    if (profile.delete_time > 0ms) stats.count(Fault::slow_delete);
    if (options.events) profile.events = *options.events;
    if (options.plants.cloud) planted_cloud_ = options.plants.cloud(provider);
    hosts.on_exec([this](const auto& target, const auto& request) {
        return machines_.answer(target, request);
    });
    http.answer_otherwise([](const ports::HttpRequest&) -> base::Result<ports::HttpResponse> {
        return ports::HttpResponse{.status = 200, .headers = {}, .body = {}};
    });
    add_installations(options.plants);
    add_foreign_servers();
}

World::~World() {
    // Processes let go of their leaderships while the databases are there.
    slots_.clear();
}

providers::CloudProvider& World::cloud() {
    if (planted_cloud_) return *planted_cloud_;
    return provider;
}

void World::add_installations(const Plants& plants) {
    for (int number = 0; number < profile.installations; ++number) {
        installations.push_back(
            std::make_unique<Installation>(number, clock, true_clock, random, plants));
        for (int i = 0; i < profile.bots; ++i) add_bot(*installations.back());
        for (int i = 0; i < profile.processes; ++i) {
            slots_.push_back({.installation = installations.back().get()});
            start_process(slots_.back());
        }
    }
}

void World::add_foreign_servers() {
    // Without labels, of another owner, and of one that only looks like us.
    for (const auto& labels : {std::map<std::string, std::string>{},
                               {{core::label_installation, "somebody-else"}},
                               {{"installation", "hatchery"}, {core::label_server, "1"}}}) {
        providers::CloudServer server;
        server.name = fmt::format("{}-{}", foreign_name, labels.size());
        server.labels = labels;
        server.created_at = clock.true_time();
        provider.add_server(server);
    }
}

void World::add_bot(Installation& installation) {
    const long long number = ++bots_made_;
    const std::string token = fmt::format("{}:{}-token", 100'000 + number, secret_mark);
    telegram.add_bot(token, fmt::format("sim_{}_bot", number), "Sim");
    core::Bot bot;
    bot.public_id = fmt::format("public-{}", number);
    bot.name = "Sim";
    bot.telegram_bot_id = 100'000 + number;
    bot.telegram_username = fmt::format("sim_{}_bot", number);
    bot.model = "sandbox/model";
    bot.model_base_url = "http://127.0.0.1:1/v1";
    bot = installation.database.add_bot(bot);
    const auto secret = [&](const char* name, const std::string& value) {
        installation.database.add_secret(bot.id, name, value);
    };
    secret(ports::secret_name::telegram_token, token);
    secret(ports::secret_name::webhook_secret, fmt::format("{}-hook", secret_mark));
    secret(ports::secret_name::gateway_token, fmt::format("{}-gateway", secret_mark));
    secret(ports::secret_name::model_api_key, fmt::format("{}-model", secret_mark));
    installation.bots.push_back(bot.id);
}

void World::start_process(Slot& slot) {
    const bool skewed = troubled_ && profile.clock_jump > 0 && random.chance(300);
    const base::Milliseconds skew{skewed ? random.between(-3'000, 3'000) : 0};
    slot.process = std::make_shared<Process>(*this, *slot.installation, ++processes_made_, skew);
}

void World::kill(Slot& slot) {
    slot.process->die();
    slot.process.reset();
    slot.back_at = clock.true_time() + base::Milliseconds(random.between(0, 60'000));
}

std::string World::stamp() const {
    const auto since = std::chrono::duration<double>(clock.true_time() - began_).count();
    return fmt::format("{:10.3f} s {}", since,
                       std::string(static_cast<std::size_t>(depth_) * 2, '>'));
}

void World::turn(Slot& slot, std::string_view what, void (Process::*act)()) {
    // Held here, so that a process which dies meanwhile lives as long as it is on the stack.
    const auto process = slot.process;
    const auto outer_skew = clock.skew();
    clock.set_skew(process->skew());
    count_event();
    trace.add(what, static_cast<std::uint64_t>(process->number()),
              static_cast<std::uint64_t>(clock.true_time().time_since_epoch().count()));
    trace.line([&] { return stamp() + fmt::format("{}: {}", process->name(), what); });
    try {
        ((*process).*act)();
    } catch (const Crash&) {
        if (slot.process == process) kill(slot);
    }
    clock.set_skew(outer_skew);
    checks_.after_turn();
    clock.advance(base::Milliseconds(1));
}

void World::interleave(const std::string& who) {
    if (depth_ >= max_depth) return;
    const auto skew = clock.skew();
    const bool freeze = random.chance(profile.freeze);
    count(freeze ? Fault::frozen : Fault::interleaved, [&] { return who; });
    ++depth_;
    const int turns = freeze ? random.between(5, 40) : random.between(1, 6);
    const auto until = clock.true_time() + base::Milliseconds(random.between(31'000, 400'000));
    for (int i = 0; i < turns; ++i) event();
    if (freeze && clock.true_time() < until) clock.advance_to(until);
    for (int i = 0; freeze && i < 6; ++i) event();
    --depth_;
    clock.set_skew(skew);
}

void World::event() {
    machines_.bring_up(Machines::Which::due);
    land_late_creates();
    revive();
    if (random.chance(profile.user)) return user_event();
    if (random.chance(80)) return trouble_event();
    work_event();
}

core::BudgetPolicy World::budget_policy() const {
    return {.limits = {{.shape = core::RequestLimit::Shape::bucket,
                        .requests = profile.requests_an_hour,
                        .window = 1h}},
            .creates_at_once = profile.creates_at_once};
}

base::Result<providers::CloudServer> World::create_server(Installation& installation,
                                                          const providers::CreateServer& request,
                                                          const base::Call& call) {
    if (troubled_ && !call.over() && random.chance(profile.late_create)) {
        count(Fault::create_comes_late, [&] { return request.name; });
        late_creates_.push_back({.due = clock.true_time() + base::Milliseconds(random.between(
                                                                1'000, latest_create.count())),
                                 .request = request});
        auto error = base::fail(base::ErrorKind::timeout, "The call took too long.");
        error.value().effect = base::Effect::unknown;
        return error;
    }
    auto made = cloud().create_server(request, call);
    if (made) checks_.created(installation);
    return made;
}

void World::land_late_creates() {
    std::erase_if(late_creates_, [&](const LateCreate& late) {
        if (late.due > clock.true_time()) return false;
        const auto made = provider.create_server(late.request, base::Call::within(1min));
        if (made) {
            came_late_.insert(profile.like_digitalocean ? made->name : made->provider_server_id);
        }
        return true;
    });
}

void World::revive() {
    for (auto& slot : slots_) {
        if (slot.process && slot.process->drained()) slot.process.reset();
        if (!slot.process && slot.back_at <= clock.true_time()) start_process(slot);
    }
}

void World::work_event() {
    auto& slot = slots_[static_cast<std::size_t>(random.below(static_cast<int>(slots_.size())))];
    if (!slot.process) return time_event();
    auto& process = *slot.process;
    const int choice = random.below(100 + profile.renew_weight);
    if (choice >= 100) {
        if (process.holds_leases()) return turn(slot, "renew", &Process::renew);
    } else if (choice < 4) {
        return turn(slot, "rescue", &Process::rescue);
    } else if (choice < 8) {
        return turn(slot, "poll", &Process::poll);
    } else if (choice < 12) {
        return turn(slot, "reap", &Process::reap);
    }
    if (process.has_results() && choice < 50) return turn(slot, "complete", &Process::complete);
    if (process.has_work() && choice < 90) return turn(slot, "run", &Process::run);
    if (choice < 20 || work_of(*slot.installation).due) {
        return turn(slot, "claim", &Process::claim);
    }
    time_event();
}

World::Work World::work_of(const Installation& installation) const {
    Work work;
    const auto now = clock.true_time();
    for (const auto& [id, row] : installation.database.job_rows) {
        const auto state = row.job.state;
        const bool claimable =
            state == core::JobState::available || state == core::JobState::waiting;
        if (claimable) {
            work.due = work.due || row.job.run_at <= now;
            work.next = std::min(work.next.value_or(row.job.run_at), row.job.run_at);
        } else if (state == core::JobState::running) {
            work.expired = work.expired || row.lease_until < now;
            const auto end = row.lease_until + 1ms;
            work.next = std::min(work.next.value_or(end), end);
        }
    }
    return work;
}

void World::time_event() {
    count_event();
    if (random.chance(30)) {
        clock.advance(base::Milliseconds(random.between(1'000, 60'000)));
    } else {
        pass_time(base::Milliseconds(random.between(50, 5'000)));
    }
    trace.add("time", static_cast<std::uint64_t>(clock.true_time().time_since_epoch().count()));
    checks_.after_turn();
}

void World::pass_time(base::Milliseconds limit) {
    auto next = clock.true_time() + limit;
    for (const auto& installation : installations) {
        next = std::min(next, work_of(*installation).next.value_or(next));
    }
    clock.advance_to(std::max(next, clock.true_time() + 1ms));
}

bool World::work_round() {
    land_late_creates();
    bool worked = false;
    for (auto& slot : slots_) {
        if (!slot.process) start_process(slot);
        const auto now = clock.true_time();
        const Work work = work_of(*slot.installation);
        if (work.expired) turn(slot, "rescue", &Process::rescue);
        if (slot.process->holds_leases()) turn(slot, "renew", &Process::renew);
        if (work.due) turn(slot, "claim", &Process::claim);
        while (slot.process->has_work()) {
            turn(slot, "run", &Process::run);
            worked = true;
        }
        if (slot.process->has_results()) turn(slot, "complete", &Process::complete);
        if (slot.process->next_poll() <= now) turn(slot, "poll", &Process::poll);
        if (slot.next_reap <= now) {
            turn(slot, "reap", &Process::reap);
            slot.next_reap = now + 15s;
        }
    }
    return worked;
}

void World::calm_down() {
    troubled_ = false;
    provider.restock();
    provider.set_max_servers(1'000'000);
    provider.hide_new_servers_for(0ms);
    machines_.bring_up(Machines::Which::all);
    for (const auto& installation : installations) installation->refuses_until = {};
    for (auto& slot : slots_) {
        if (slot.process && slot.process->draining()) slot.process.reset();
        if (slot.process) slot.process->set_skew(0ms);
        slot.next_reap = clock.true_time();
    }
    clock.set_skew(0ms);
}

bool World::settled() {
    for (const auto& installation : installations) {
        for (const auto& [id, operation] : installation->database.operations) {
            if (!core::is_terminal(operation.state)) return false;
        }
        const auto left = installation->real_fleet.servers_left_behind(clock.now());
        if (!left->empty()) return false;
    }
    return late_creates_.empty() && !checks_.has_strays() && !checks_.drifted();
}

void World::settle() {
    calm_down();
    const auto calm_since = clock.true_time();
    auto latest = calm_since;
    for (const auto& installation : installations) {
        for (const auto& [id, operation] : installation->database.operations) {
            if (!core::is_terminal(operation.state)) {
                latest = std::max(latest, operation.deadline_at);
            }
        }
    }
    const auto limit = latest + profile.teardown_limit + 2 * profile.stray_grace + latest_create +
                       15min + furthest_skew;
    while (!settled()) {
        if (clock.true_time() > limit) checks_.at_rest(calm_since);
        if (clock.true_time() > limit) throw Violation{"A server is left behind for ever."};
        if (!work_round()) pass_time(5s);
    }
    checks_.at_rest(calm_since);
}

void World::run() {
    // The second round begins with bots that are active, stopped and failed.
    for (const int events : {profile.events / 2, profile.events}) {
        troubled_ = true;
        while (stats.events < events) event();
        settle();
    }
    trace.add("end", static_cast<std::uint64_t>(stats.calls),
              static_cast<std::uint64_t>(stats.events));
    stats.seeds = 1;
}

Outcome simulate(const Options& options) {
    World world(options);
    Outcome outcome;
    try {
        world.run();
    } catch (const Violation& violation) {
        outcome.violation = violation.what;
    }
    outcome.events = world.profile.events;
    outcome.hash = world.trace.hash();
    outcome.statistics = world.stats;
    outcome.lines.assign(world.trace.lines().begin(), world.trace.lines().end());
    return outcome;
}

}  // namespace hatchery::simulation
