#include "engine/cloud_poller.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "core/poll_plan.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto list_limit = 30s;
/// When nothing is being made, and nobody hints, look into the database this often.
constexpr auto idle_interval = 5s;
/// Of one round of asking actions; the next ones come in later rounds.
constexpr std::size_t most_action_requests = 4;
/// What the machine interrupted says nothing of boots.
constexpr auto longest_boot = 5min;

}  // namespace

CloudPoller::CloudPoller(const EnginePorts& ports, const EngineSettings& settings,
                         std::string provider)
    : ports_(ports),
      settings_(settings),
      provider_(std::move(provider)),
      usual_boot_(longest_boot) {}

base::TimePoint CloudPoller::tick(const std::stop_token& stop) {
    const auto now = ports_.clock.now();
    const auto waiting = ports_.fleet.servers_being_created(provider_);
    if (!waiting) return now + idle_interval;
    note_boots(*waiting, now);
    std::vector<base::TimePoint> created_at;
    for (const auto& server : *waiting) {
        if (server.state == core::ServerState::booting) created_at.push_back(server.created_at);
    }
    const auto due = core::next_look(created_at, last_look_, now);
    if (!due) return now + idle_interval;
    if (*due > now) return *due;
    last_look_ = now;
    look(*ports_.clouds.at(provider_), *waiting, stop);
    const auto next = core::next_look(created_at, last_look_, ports_.clock.now());
    return next.value_or(now + idle_interval);
}

void CloudPoller::look(providers::CloudProvider& cloud, const std::vector<core::Server>& waiting,
                       const std::stop_token& stop) {
    const auto installation = ports_.fleet.installation();
    if (!installation) return;
    // Only what boots: the rest of a large installation would cost a request for each page.
    providers::WantedServers wanted{.of_all = {core::label_installation, installation->text()},
                                    .label = core::label_server,
                                    .servers = {}};
    for (const auto& server : waiting) {
        if (server.state != core::ServerState::booting) continue;
        wanted.servers.push_back(
            {.provider_server_id = server.provider_server_id, .label_value = server.id.text()});
    }
    const auto listed = cloud.look_at(wanted, base::Call::within(list_limit, stop));
    if (!listed) {
        base::log_event(base::LogLevel::warning, "cloud_poll_failed",
                        {{"provider", provider_},
                         {"kind", base::to_text(listed.error().kind)},
                         {"message", listed.error().message}});
        return;
    }
    std::set<std::string_view> running;
    std::map<std::string_view, const providers::CloudServer*> by_id;
    for (const auto& server : *listed) {
        if (server.status == providers::CloudServerStatus::running) running.insert(server.name);
        by_id[server.provider_server_id] = &server;
    }
    learn_addresses(waiting, by_id);
    ask_actions(cloud,
                overrunning(waiting, running, cloud.actions_a_request() * most_action_requests),
                stop);
    // What is not being made any more is forgotten.
    std::set<base::ServerId> seen;
    for (const auto& server : waiting) {
        if (!running.contains(server.name)) continue;
        if (!seen_running_.contains(server.id)) {
            const auto woken = ports_.jobs.raise("server:" + server.id.text(), ports_.clock.now());
            // A job that is being run just now hears of it at the next look.
            if (!woken || *woken == 0) continue;
        }
        seen.insert(server.id);
    }
    seen_running_ = std::move(seen);
}

void CloudPoller::note_boots(const std::vector<core::Server>& waiting, base::TimePoint now) {
    std::set<base::ServerId> booting;
    for (const auto& server : waiting) {
        if (server.state != core::ServerState::booting) continue;
        booting.insert(server.id);
        boots_.try_emplace(server.id, Boot{.since = now});
    }
    std::erase_if(boots_, [&](const auto& entry) {
        const auto& [id, boot] = entry;
        if (booting.contains(id)) return false;
        // Clocks jump.
        if (boot.word.empty() && now > boot.since) usual_boot_.note(now - boot.since);
        return true;
    });
}

std::vector<const core::Server*> CloudPoller::overrunning(const std::vector<core::Server>& waiting,
                                                          const std::set<std::string_view>& running,
                                                          std::size_t most_actions) const {
    std::map<base::ServerId, const core::Server*> by_id;
    std::vector<core::BootingCreate> creates;
    for (const auto& server : waiting) {
        const auto boot = boots_.find(server.id);
        if (boot == boots_.end() || boot->second.settled) continue;
        if (running.contains(server.name)) continue;
        by_id[server.id] = &server;
        creates.push_back({.server = server.id,
                           .actions = server.create_actions.size(),
                           .since = boot->second.since,
                           .asked_at = boot->second.asked_at});
    }
    const core::AskingRules rules{
        .expected = core::expected_boot(usual_boot_.value(), settings_.boot_expected),
        .most_actions = most_actions};
    std::vector<const core::Server*> chosen;
    for (const auto& id : core::creates_to_ask(creates, rules, ports_.clock.now())) {
        chosen.push_back(by_id.at(id));
    }
    return chosen;
}

void CloudPoller::ask_actions(providers::CloudProvider& cloud,
                              const std::vector<const core::Server*>& overrunning,
                              const std::stop_token& stop) {
    if (overrunning.empty()) return;
    std::vector<std::string> ids;
    for (const auto* server : overrunning) {
        ids.insert(ids.end(), server->create_actions.begin(), server->create_actions.end());
        boots_.at(server->id).asked_at = ports_.clock.now();
    }
    const auto seen = cloud.actions(ids, base::Call::within(list_limit, stop));
    if (!seen) {
        base::log_event(base::LogLevel::warning, "cloud_actions_failed",
                        {{"provider", provider_},
                         {"kind", base::to_text(seen.error().kind)},
                         {"message", seen.error().message}});
        return;
    }
    std::vector<ports::CreateNews> news;
    for (const auto* server : overrunning) {
        auto word = core::word_of(server->create_actions, *seen);
        auto& boot = boots_.at(server->id);
        // Of a success the list is the proof, and it is asked for anyway.
        if (word.standing == core::CreateWord::Standing::succeeded) boot.settled = true;
        if (core::to_text(word) == core::to_text(server->create_word)) continue;
        news.push_back({.server = server->id,
                        .provider_server_id = server->provider_server_id,
                        .word = std::move(word)});
    }
    tell(news);
}

void CloudPoller::tell(const std::vector<ports::CreateNews>& news) {
    if (news.empty() || !ports_.fleet.note_creates(news)) return;
    for (const auto& one : news) {
        boots_.at(one.server).word = core::to_text(one.word);
        if (one.word.standing != core::CreateWord::Standing::failed) continue;
        base::log_event(base::LogLevel::warning, "cloud_create_failed_late",
                        {{"provider", provider_},
                         {"server", one.server.text()},
                         {"provider_server", one.provider_server_id},
                         {"kind", base::to_text(one.word.error.kind)},
                         {"code", one.word.error.code},
                         {"message", one.word.error.message}});
        (void)ports_.jobs.raise("server:" + one.server.text(), ports_.clock.now());
    }
}

void CloudPoller::learn_addresses(
    const std::vector<core::Server>& waiting,
    const std::map<std::string_view, const providers::CloudServer*>& listed) {
    std::vector<ports::FoundAddress> found;
    for (const auto& server : waiting) {
        const auto machine = listed.find(server.provider_server_id);
        if (!server.public_ip.empty() || machine == listed.end()) continue;
        if (machine->second->public_ip.empty()) continue;
        found.push_back({.server = server.id,
                         .provider_server_id = server.provider_server_id,
                         .public_ip = machine->second->public_ip});
    }
    // A job that is woken without an address asks the provider itself before long.
    if (!found.empty()) (void)ports_.fleet.learn_addresses(found);
}

}  // namespace hatchery::engine
