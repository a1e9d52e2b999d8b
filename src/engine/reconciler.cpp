#include "engine/reconciler.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "core/ownership.hpp"
#include "engine/alarm_bell.hpp"
#include "engine/late_create.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;
using providers::CloudServerStatus;
using Asker = ports::UrgencyScope::Asker;

constexpr auto list_limit = 60s;
constexpr auto call_limit = 30s;
/// Within a grace period what is in the way is looked at so often before it is ended.
constexpr int sweeps_per_grace = 3;
/// Servers that are looked up, and machines that are switched on, in one sweep.
constexpr std::size_t most_checked = 50;

base::Milliseconds sweep_interval(const EngineSettings& settings) {
    return settings.stray_grace / sweeps_per_grace;
}

void log_failed(const std::string& provider, const base::Error& error) {
    base::log_event(
        LogLevel::warning, "reconcile_failed",
        {{"provider", provider}, {"kind", base::to_text(error.kind)}, {"message", error.message}});
}

SweepFinding finding_of(std::string trouble, const providers::CloudServer& server) {
    return {.kind = "server",
            .trouble = std::move(trouble),
            .id = server.provider_server_id,
            .name = server.name,
            .region = server.region,
            .type = server.type,
            .price_monthly = server.price_monthly,
            .price_currency = server.price_currency};
}

SweepFinding finding_of(std::string trouble, const core::Server& server) {
    return {.kind = "server",
            .trouble = std::move(trouble),
            .id = server.provider_server_id,
            .name = server.name,
            .region = server.region,
            .type = server.type,
            .price_monthly = server.price_monthly,
            .price_currency = server.price_currency};
}

SweepFinding finding_of(std::string trouble, const providers::CloudResource& resource) {
    return {.kind = std::string(base::to_text(resource.kind)),
            .trouble = std::move(trouble),
            .id = resource.id,
            .name = resource.name,
            .region = resource.region,
            .type = {},
            .price_monthly = resource.price_monthly,
            .price_currency = resource.price_currency};
}

std::vector<core::ListedMachine> machines_of(const std::vector<providers::CloudServer>& listed) {
    std::vector<core::ListedMachine> machines;
    for (const auto& server : listed) {
        machines.push_back({.provider_server_id = server.provider_server_id,
                            .name = server.name,
                            .labels = server.labels,
                            .is_off = server.status == CloudServerStatus::off});
    }
    return machines;
}

}  // namespace

bool Reconciler::is_due() {
    const auto now = base::steady_now();
    const auto every = sweep_interval(settings_);
    // By fixed instants: what a sweep takes, and how late it begins, must not add up over the
    // sweeps of a grace period. After a longer stall they are counted anew.
    const bool due = !next_sweep_ || now >= *next_sweep_;
    if (due) {
        const bool punctual = next_sweep_ && now - *next_sweep_ < every / 10;
        swept_at_ = punctual ? *next_sweep_ : now;
        next_sweep_ = swept_at_ + every;
    }
    bool asked = false;
    if (ports_.ledger != nullptr) {
        const auto wish = ports_.ledger->sweep_asked_at();
        if (wish && *wish && (!last_wish_ || **wish > *last_wish_)) {
            last_wish_ = *wish;
            asked = true;
        }
    }
    if (asked && !due) swept_at_ = now;
    return due || asked;
}

base::Milliseconds Reconciler::until_next() const {
    if (!next_sweep_) return base::Milliseconds{0};
    const auto left = *next_sweep_ - base::steady_now();
    return std::max(base::Milliseconds{0}, std::chrono::ceil<base::Milliseconds>(left));
}

void Reconciler::tick(const std::stop_token& stop) {
    if (!is_due()) return;
    const auto cloud = ports_.clouds.find(provider_);
    if (cloud != ports_.clouds.end()) sweep(*cloud->second, stop);
}

void Reconciler::sweep(providers::CloudProvider& cloud, const std::stop_token& stop) {
    const ports::UrgencyScope urgency(core::Urgency::sweep, Asker::round);
    const auto installation = ports_.fleet.installation();
    if (!installation) return log_failed(provider_, installation.error());
    // Before the list: what a row of then names and the list lacks is not there.
    const auto before = ports_.fleet.servers_alive(provider_);
    if (!before) return log_failed(provider_, before.error());
    auto listed = cloud.list_servers(core::label_installation, installation->text(),
                                     base::Call::within(list_limit, stop));
    if (!listed) return keep_failed(listed.error());
    // After the list: a row that is planned in between has no machine in it.
    auto alive = ports_.fleet.servers_alive(provider_);
    if (!alive) return log_failed(provider_, alive.error());

    Sweep sweep{.provider = provider_,
                .cloud = cloud,
                .stop = stop,
                .installation = *installation,
                .listed = *std::move(listed),
                .machines = {},
                .alive = *std::move(alive),
                .seen = {},
                .firewalls = {},
                .report = {}};
    sweep.machines = machines_of(sweep.listed);
    sweep.report.listed = sweep.listed.size();
    sweep.report.alive = sweep.alive.size();
    if (ports_.ledger != nullptr) judge_project(sweep, *before);
    judge_strays(sweep);
    judge_resources(sweep);
    judge_idle_addresses(sweep);
    if (ports_.ledger != nullptr && sweep.trusted) judge_missing(sweep, *before);
    judge_power(sweep);
    guard(sweep);
    finish(sweep);
}

void Reconciler::note(Sweep& sweep, const base::Error& error) {
    using base::ErrorKind;
    log_failed(sweep.provider, error);
    sweep.silent = sweep.silent || error.kind == ErrorKind::timeout ||
                   error.kind == ErrorKind::unavailable || error.kind == ErrorKind::rate_limited ||
                   error.kind == ErrorKind::cancelled;
}

void Reconciler::keep_failed(const base::Error& error) {
    const std::string& provider = provider_;
    log_failed(provider, error);
    if (ports_.ledger == nullptr) return;
    const SweepReport report{.error = error.message};
    const auto kept = ports_.ledger->keep_sweep(provider, report_text(report), ports_.clock.now());
    if (!kept) log_failed(provider, kept.error());
}

void Reconciler::judge_project(Sweep& sweep, const std::vector<core::Server>& alive_before) {
    // What knows no firewalls is no project of somebody's account.
    if (!sweep.cloud.can(providers::Capability::firewalls)) return;
    auto firewalls = sweep.cloud.list_resources(providers::ResourceKind::firewall,
                                                core::label_installation, sweep.installation.text(),
                                                base::Call::within(call_limit, sweep.stop));
    const auto mark = ports_.ledger->project_mark(sweep.provider);
    if (!firewalls || !mark) {
        note(sweep, firewalls ? mark.error() : firewalls.error());
        sweep.trusted = false;
        return;
    }
    core::ProjectSigns signs{.mark = mark->value_or(""), .shown = {}, .missing = 0, .known = 0};
    for (const auto& firewall : *firewalls) {
        if (!firewall.labels.contains(core::label_server)) signs.shown.push_back(firewall.id);
    }
    signs.missing = core::missing(sweep.machines, alive_before).size();
    // Without a list all of them are missing.
    signs.known = core::missing({}, alive_before).size();
    sweep.firewalls = *std::move(firewalls);
    sweep.trusted = core::is_our_project(signs);
    if (!sweep.trusted) {
        raise(core::project_looks_foreign(sweep.provider, signs.missing, signs.known));
    } else if (!signs.shown.empty()) {
        clear(core::AlarmKind::project_foreign);
    }
    if (const auto better = core::new_mark(signs)) {
        const auto kept =
            ports_.ledger->keep_project_mark(sweep.provider, *better, ports_.clock.now());
        if (!kept) log_failed(sweep.provider, kept.error());
    }
}

bool Reconciler::over(Sweep& sweep, const std::string& key, const std::string& name) {
    sweep.seen.insert(key);
    const auto [since, is_new] = since_.emplace(key, swept_at_);
    if (is_new) {
        base::log_event(LogLevel::warning, "stray_server",
                        {{"provider", sweep.provider}, {"provider_server", key}, {"name", name}});
    }
    return swept_at_ - since->second >= settings_.stray_grace;
}

std::vector<const providers::CloudServer*> Reconciler::strays_of(const Sweep& sweep) const {
    std::vector<const providers::CloudServer*> found;
    for (const auto& stray : core::strays(sweep.machines, sweep.installation, sweep.alive)) {
        found.push_back(&*std::ranges::find(sweep.listed, stray.provider_server_id,
                                            &providers::CloudServer::provider_server_id));
    }
    return found;
}

std::size_t Reconciler::count_strangers(
    const std::vector<const providers::CloudServer*>& strays) const {
    if (ports_.ledger == nullptr) return 0;
    std::vector<std::string> rows;
    for (const auto* server : strays) {
        if (server->status == CloudServerStatus::deleting) continue;
        const auto label = server->labels.find(core::label_server);
        rows.push_back(label == server->labels.end() ? std::string() : label->second);
    }
    const auto known = ports_.ledger->count_known(rows);
    return known ? rows.size() - std::min(*known, rows.size()) : rows.size();
}

void Reconciler::judge_strays(Sweep& sweep) {
    const auto strays = strays_of(sweep);
    const std::size_t strangers = count_strangers(strays);
    const bool too_many = core::too_many_strays(strangers, sweep.listed.size());
    for (const auto* server : strays) {
        const auto key = sweep.provider + "/server/" + server->provider_server_id;
        if (server->status == CloudServerStatus::deleting) {
            sweep.seen.insert(key);
            continue;
        }
        auto finding = finding_of("stray", *server);
        if (!over(sweep, key, server->name) || !sweep.trusted || sweep.silent) {
            finding.done = "waits";
        } else if (settings_.destroy_strays && !too_many) {
            finding.done = end_server(sweep, server->provider_server_id);
        } else {
            ++sweep.kept;
        }
        sweep.report.findings.push_back(std::move(finding));
    }
    if (too_many && settings_.destroy_strays) sweep.strangers = strangers;
}

std::string Reconciler::end_server(Sweep& sweep, const std::string& id) {
    const ports::UrgencyScope urgency(core::Urgency::removal, Asker::round);
    // Right before: somebody may have given it to others since the list.
    const auto found = sweep.cloud.get_server(id, base::Call::within(call_limit, sweep.stop));
    if (!found) {
        note(sweep, found.error());
        return "failed";
    }
    if (!*found) return "deleted";
    const auto owner = (*found)->labels.find(core::label_installation);
    if (owner == (*found)->labels.end() || owner->second != sweep.installation.text()) {
        return "none";
    }
    const auto asked = sweep.cloud.delete_server(id, base::Call::within(call_limit, sweep.stop));
    if (!asked) {
        note(sweep, asked.error());
        ++sweep.kept;
        return "failed";
    }
    ending_.insert(sweep.provider + "/server/" + id);
    base::log_event(LogLevel::warning, "stray_server_destroyed",
                    {{"provider", sweep.provider}, {"provider_server", id}});
    return "deleted";
}

void Reconciler::judge_resources(Sweep& sweep) {
    if (ports_.ledger == nullptr) return;
    for (const auto& [kind, name] : base::EnumNames<providers::ResourceKind>::names) {
        if (sweep.stop.stop_requested() || sweep.silent) return;
        if (!sweep.cloud.can(providers::capability_of(kind))) continue;
        // A project whose firewall this sweep makes is looked at by the next: requests are few.
        const bool is_made_ready =
            sweep.firewalls && sweep.firewalls->empty() && !sweep.listed.empty();
        if (providers::is_address(kind) && is_made_ready) {
            sweep.whole = false;
            continue;
        }
        // Where creates name no key there is none of ours.
        if (kind == providers::ResourceKind::ssh_key && !sweep.cloud.wants_ssh_key()) continue;
        const bool known = kind == providers::ResourceKind::firewall && sweep.firewalls;
        const auto listed =
            known ? base::Result<std::vector<providers::CloudResource>>(*sweep.firewalls)
                  : sweep.cloud.list_resources(kind, core::label_installation,
                                               sweep.installation.text(),
                                               base::Call::within(call_limit, sweep.stop));
        if (!listed) {
            note(sweep, listed.error());
            sweep.whole = false;
            continue;
        }
        for (const auto& resource : *listed) {
            // An address that a server has goes with it, or is looked at when it has gone.
            if (resource.in_use) continue;
            if (providers::is_address(kind) && !resource.labels.contains(core::label_server)) {
                sweep.report.findings.push_back(finding_of("unassigned", resource));
            }
            if (!resource.labels.contains(core::label_server)) continue;
            if (!core::is_left_over(resource.labels, sweep.installation, sweep.alive)) continue;
            auto finding = finding_of("left_over", resource);
            const auto key = sweep.provider + "/" + std::string(name) + "/" + resource.id;
            if (!over(sweep, key, resource.name) || !sweep.trusted || sweep.silent) {
                finding.done = "waits";
            } else if (settings_.destroy_strays) {
                finding.done = end_resource(sweep, resource);
            } else {
                ++sweep.kept;
            }
            sweep.report.findings.push_back(std::move(finding));
        }
    }
}

void Reconciler::judge_idle_addresses(Sweep& sweep) {
    if (sweep.silent || sweep.stop.stop_requested()) return;
    const auto idle = sweep.cloud.idle_addresses(base::Call::within(call_limit, sweep.stop));
    if (!idle && idle.error().kind == base::ErrorKind::unauthorized) {
        // The servers could be listed: it is this alone that the token may not read.
        if (!addresses_hidden_) {
            base::log_event(LogLevel::warning, "addresses_not_known",
                            {{"provider", sweep.provider}, {"message", idle.error().message}});
        }
        addresses_hidden_ = true;
        return;
    }
    if (!idle) return note(sweep, idle.error());
    addresses_hidden_ = false;
    for (const auto& address : *idle) {
        sweep.report.findings.push_back(finding_of("unassigned", address));
    }
}

std::string Reconciler::end_resource(Sweep& sweep, const providers::CloudResource& resource) {
    const ports::UrgencyScope urgency(core::Urgency::removal, Asker::round);
    // There is no way to look at one alone: the list says again that it is still ours.
    const auto listed = sweep.cloud.list_resources(resource.kind, core::label_installation,
                                                   sweep.installation.text(),
                                                   base::Call::within(call_limit, sweep.stop));
    if (!listed) {
        note(sweep, listed.error());
        return "failed";
    }
    const auto still = std::ranges::find(*listed, resource.id, &providers::CloudResource::id);
    if (still == listed->end()) return "deleted";
    if (still->in_use) return "none";
    if (!core::is_left_over(still->labels, sweep.installation, sweep.alive)) return "none";
    // Takes a firewall off its servers before, which is a POST.
    const auto asked = sweep.cloud.delete_resource(resource.kind, resource.id,
                                                   base::Call::within(post_limit, sweep.stop));
    if (!asked) {
        note(sweep, asked.error());
        ++sweep.kept;
        return "failed";
    }
    base::log_event(LogLevel::warning, "stray_resource_destroyed",
                    {{"provider", sweep.provider},
                     {"kind", base::to_text(resource.kind)},
                     {"id", resource.id},
                     {"name", resource.name}});
    return "deleted";
}

void Reconciler::judge_missing(Sweep& sweep, const std::vector<core::Server>& alive_before) {
    auto missing = core::missing(sweep.machines, alive_before);
    if (missing.empty()) return;
    if (missing.size() > most_checked) missing.resize(most_checked);
    std::size_t vanished = 0;
    for (const auto& server : missing) {
        if (sweep.stop.stop_requested() || sweep.silent) break;
        auto finding = finding_of("vanished", server);
        finding.done = vanish(sweep, server);
        // A list may lag behind; the server itself was asked.
        if (finding.done == "there") continue;
        if (finding.done == "bot_failed") ++vanished;
        sweep.report.findings.push_back(std::move(finding));
    }
    if (vanished == 0) return;
    raise(core::servers_vanished(sweep.provider, vanished));
}

std::string Reconciler::vanish(Sweep& sweep, const core::Server& server) {
    const auto found = sweep.cloud.get_server(server.provider_server_id,
                                              base::Call::within(call_limit, sweep.stop));
    if (!found) {
        note(sweep, found.error());
        return "failed";
    }
    if (*found) return "there";
    const auto written = ports_.ledger->server_vanished(
        server.id,
        "The server is gone at " + sweep.provider +
            ", and Hatchery did not delete it. Deploy the bot again.",
        ports_.clock.now());
    if (!written) {
        log_failed(sweep.provider, written.error());
        return "failed";
    }
    if (!*written) return "waits";
    base::log_event(LogLevel::error, "server_vanished",
                    {{"provider", sweep.provider},
                     {"server", server.id.text()},
                     {"provider_server", server.provider_server_id},
                     {"bot", server.bot_id.text()}});
    return "bot_failed";
}

void Reconciler::judge_power(Sweep& sweep) {
    auto off = core::switched_off(sweep.machines, sweep.alive);
    if (off.size() > most_checked) off.resize(most_checked);
    for (const auto& server : off) {
        if (sweep.stop.stop_requested() || sweep.silent) return;
        auto finding = finding_of("switched_off", server);
        const auto done = power_.switch_on(server, sweep.stop);
        finding.done = done.value_or("failed");
        if (!done) note(sweep, done.error());
        sweep.report.findings.push_back(std::move(finding));
    }
    power_.end_round();
}

void Reconciler::guard(Sweep& sweep) {
    if (!sweep.trusted || sweep.silent || !sweep.firewalls || sweep.listed.empty()) return;
    const ports::UrgencyScope urgency(core::Urgency::creation, Asker::round);
    const auto kept = sweep.cloud.keep_guarded(sweep.installation.text(), *sweep.firewalls,
                                               base::Call::within(post_limit, sweep.stop));
    if (!kept) note(sweep, kept.error());
}

void Reconciler::finish(Sweep& sweep) {
    if (sweep.whole && !sweep.silent) forget_gone(sweep);
    if (ports_.metrics != nullptr) {
        ports_.metrics
            ->gauge("hatchery_cloud_strays_servers",
                    "Things of ours at a provider that belong to nothing.",
                    {{"provider", sweep.provider}})
            .set(static_cast<double>(sweep.seen.size()));
    }
    judge_alarms(sweep);
    if (ports_.ledger == nullptr) return;
    const auto kept =
        ports_.ledger->keep_sweep(sweep.provider, report_text(sweep.report), ports_.clock.now());
    if (!kept) log_failed(sweep.provider, kept.error());
}

void Reconciler::forget_gone(const Sweep& sweep) {
    std::erase_if(since_, [&](const auto& entry) { return !sweep.seen.contains(entry.first); });
    // Gone is what is no longer listed, not what was promised.
    std::erase_if(ending_, [&](const std::string& key) {
        const bool gone = !sweep.seen.contains(key);
        if (gone) {
            base::log_event(LogLevel::info, "stray_server_gone",
                            {{"provider", sweep.provider}, {"provider_server", key}});
        }
        return gone;
    });
}

void Reconciler::judge_alarms(Sweep& sweep) {
    const bool waits = std::ranges::any_of(sweep.report.findings, [](const SweepFinding& finding) {
        return finding.done == "waits" || finding.done == "failed";
    });
    if (sweep.kept > 0 && sweep.strangers > 0) {
        raise(core::too_many_strays_kept(provider_, sweep.strangers, sweep.listed.size()));
    } else if (sweep.kept > 0) {
        raise(core::strays_kept(provider_, sweep.kept));
    } else if (sweep.whole && !sweep.silent && !waits) {
        // A new leader counts grace periods anew: what waits may be what was told of.
        clear(core::AlarmKind::strays_kept);
    }
}

void Reconciler::raise(const core::Alarm& alarm) const {
    raise_alarm(ports_.alarms, alarm, ports_.clock.now());
}

void Reconciler::clear(core::AlarmKind kind) const {
    clear_alarm(ports_.alarms, kind, provider_, ports_.clock.now());
}

}  // namespace hatchery::engine
