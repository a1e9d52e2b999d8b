#include "simulation/fleet/machines.hpp"

#include <fmt/format.h>

#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;

/// The host key's public half in cloud-init's user data.
std::string planted_key(const std::string& user_data) {
    const std::string field = R"("ed25519_public":")";
    const auto start = user_data.find(field);
    if (start == std::string::npos) throw Violation{"The user data plants no host key."};
    const auto begin = start + field.size();
    return user_data.substr(begin, user_data.find('"', begin) - begin);
}

}  // namespace

base::Result<void> Machines::reach(const ports::SshTarget& target) {
    const auto machine = world_.provider.server_at(target.host);
    if (!machine || machine->status != providers::CloudServerStatus::running) {
        return base::fail(base::ErrorKind::unavailable, "The connection was refused.");
    }
    if (planted_.insert(machine->provider_server_id).second) {
        world_.hosts.add_server(target.host, planted_key(world_.provider.user_data(machine->name)));
    }
    // cloud-init has not let our key in yet.
    const auto booted = machine->created_at + world_.profile.boot_time;
    if (world_.clock.true_time() < booted + 2s) {
        return base::fail(base::ErrorKind::unauthorized, "The server refuses the client key.");
    }
    return {};
}

base::Result<ports::RunState> Machines::start(const ports::SshTarget& target,
                                              const ports::ScriptRun& run, const base::Call& call) {
    if (auto way = reach(target); !way) return base::fail(way.error());
    if (run.script == "chat_turn.sh") return start_turn(target, run, call);
    const int before = world_.hosts.starts_of(run.script);
    const int lines = plan_script(run);
    auto started = world_.hosts.start_run(target, run, call);
    if (world_.hosts.starts_of(run.script) != before) runs_[run.run_id] = lines;
    return started;
}

base::Result<ports::RunState> Machines::start_turn(const ports::SshTarget& target,
                                                   const ports::ScriptRun& run,
                                                   const base::Call& call) {
    const int before = world_.hosts.starts_of(run.script);
    const auto turn = turns.plan(target, run);
    world_.hosts.plan(run.script, turn.plan);
    auto started = world_.hosts.start_run(target, run, call);
    if (world_.hosts.starts_of(run.script) != before) turns.begin(target, run, turn);
    return started;
}

int Machines::plan_script(const ports::ScriptRun& run) {
    static constexpr std::array failures{1, 20, 21, 51, 53, 124, 137, 143};
    auto& random = world_.random;
    support::FakeRemoteHost::Plan plan;
    const int lines = random.between(0, 7);
    plan.duration = base::Milliseconds(random.between(0, 8'000));
    for (int line = 1; line <= lines; ++line) {
        plan.lines.push_back({.after = plan.duration * (line - 1) / lines,
                              .text = fmt::format("{} {}/{}", run.run_id, line, lines)});
    }
    if (world_.troubled() && random.chance(world_.profile.script_fault)) {
        if (random.chance(100)) {
            world_.count(Fault::script_hangs);
            plan.duration = 2h;
        } else {
            world_.count(Fault::script_failed);
            plan.exit_code = failures.at(static_cast<std::size_t>(random.below(failures.size())));
        }
    }
    world_.hosts.plan(run.script, std::move(plan));
    return lines;
}

std::string Machines::rotated_key_of(const std::string& address) const {
    return "ssh-ed25519 rotated-at-" + address;
}

std::optional<base::Result<ports::ExecResult>> Machines::answer(const ports::SshTarget& target,
                                                                const ports::ExecRequest& request) {
    const bool prepare = request.command.ends_with(" prepare");
    const bool activate = request.command.ends_with(" activate");
    if (!prepare && !activate) return turns.answer(target, request);
    const std::string key = rotated_key_of(target.host);
    if (activate) world_.hosts.replace_host_key(target.host, key);
    ports::ExecResult result;
    result.out = "hatchery-fact host_key=" + key + "\n";
    return result;
}

std::string Machines::some_address() {
    std::vector<std::string> addresses;
    world_.provider.each_server([&](const providers::CloudServer& server, bool) {
        if (planted_.contains(server.provider_server_id)) addresses.push_back(server.public_ip);
    });
    if (addresses.empty()) return {};
    return addresses.at(
        static_cast<std::size_t>(world_.random.below(static_cast<int>(addresses.size()))));
}

void Machines::restart_one() {
    const std::string address = some_address();
    if (address.empty()) return;
    world_.count(Fault::host_restarted, [&] { return address; });
    world_.hosts.restart(address);
}

void Machines::take_one_down(base::Milliseconds duration) {
    const std::string address = some_address();
    if (address.empty()) return;
    world_.count(Fault::host_down, [&] { return address; });
    world_.hosts.take_down(address);
    down_.push_back({.address = address, .until = world_.clock.true_time() + duration});
}

void Machines::bring_up(Which which) {
    std::erase_if(down_, [&](const Down& down) {
        const bool over = which == Which::all || down.until <= world_.clock.true_time();
        if (over) world_.hosts.bring_up(down.address);
        return over;
    });
}

}  // namespace hatchery::simulation
