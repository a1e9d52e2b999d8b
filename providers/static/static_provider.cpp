#include "providers/static/static_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_value.hpp"
#include "base/log.hpp"
#include "ports/allocation_id.hpp"
#include "providers/static/machine_login.hpp"

namespace hatchery::providers {

namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;
using base::fail;
using base::Result;
using core::OwnMachine;
using ports::Allocation;
using ports::AllocationState;

constexpr const char* image_name = "own";
/// A machine that does not answer is passed over for another one.
constexpr auto prepare_limit = 25s;

CloudServerStatus status_of(AllocationState state) {
    switch (state) {
        case AllocationState::preparing:
            return CloudServerStatus::initializing;
        case AllocationState::in_use:
            return CloudServerStatus::running;
        case AllocationState::wiping:
            break;
    }
    return CloudServerStatus::deleting;
}

CloudServer shown(const Allocation& allocation) {
    const auto& facts = allocation.facts;
    return {.provider_server_id = allocation_id(allocation),
            .name = allocation.request.name,
            .status = status_of(allocation.state),
            .public_ip = facts.host,
            .ssh_port = facts.port,
            .host_key = facts.host_key,
            .labels = allocation.request.labels,
            .region = facts.region,
            .type = facts.type,
            .created_at = allocation.created_at,
            .price_hourly = facts.price_hourly,
            .price_monthly = facts.price_monthly,
            .price_currency = facts.price_currency};
}

ports::MachineFacts facts_of(const OwnMachine& machine) {
    return {.machine = machine.name,
            .host = machine.host,
            .port = machine.port,
            .host_key = machine.host_key,
            .region = machine.region,
            .type = machine.type,
            .price_monthly = machine.price_monthly,
            .price_hourly = machine.price_hourly,
            .price_currency = machine.price_currency};
}

/// The key that cloud-init would let in.
std::string authorized_key(const base::Secret& user_data) {
    const std::string& text = user_data.reveal();
    const auto begin = text.find('{');
    if (begin == std::string::npos) return {};
    const auto config = base::parse_json(text.substr(begin));
    if (!config) return {};
    const auto& keys = base::json_member(*config, "ssh_authorized_keys");
    if (!keys.is_array() || keys.empty() || !keys[0].is_string()) return {};
    return keys[0].get<std::string>();
}

bool is_plain_key(const std::string& key) {
    constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=- ";
    return key.starts_with("ssh-ed25519 ") && key.find_first_not_of(allowed) == std::string::npos;
}

tl::unexpected<base::Error> not_offered(std::string_view what) {
    return fail({.kind = ErrorKind::invalid,
                 .effect = Effect::none,
                 .message = fmt::format("The operator's own machines have no {}.", what),
                 .next_action = "Choose another provider.",
                 .code = code_not_offered});
}

tl::unexpected<base::Error> ended(const base::Call& call, Effect effect) {
    const bool stopped = call.stop.stop_requested();
    return fail({.kind = stopped ? ErrorKind::cancelled : ErrorKind::timeout,
                 .effect = effect,
                 .message = stopped ? "The call was stopped." : "The deadline passed."});
}

class StaticProvider final : public CloudProvider {
public:
    explicit StaticProvider(OwnMachines own) : own_(std::move(own)) {}

    std::string name() const override { return "static"; }
    bool has_unique_names() const override { return true; }
    bool wants_ssh_key() const override { return false; }
    bool can(Capability) const override { return false; }

    Result<CloudServer> create_server(const CreateServer& request,
                                      const base::Call& call) override {
        if (call.over()) return ended(call, Effect::none);
        const auto candidates = candidates_for(request);
        if (candidates.empty()) {
            return fail({.kind = ErrorKind::invalid,
                         .effect = Effect::none,
                         .message = fmt::format("No machine of type {} in {} is among the "
                                                "operator's own.",
                                                request.type, request.region),
                         .next_action = "Choose another place.",
                         .code = "unknown_place"});
        }
        const std::string key = authorized_key(request.user_data);
        if (!is_plain_key(key)) {
            return fail({.kind = ErrorKind::invalid,
                         .effect = Effect::none,
                         .message = "The user data lets in no Ed25519 key.",
                         .next_action = "This is a fault in Hatchery: report it.",
                         .code = "no_key"});
        }
        return lend({.name = request.name, .labels = request.labels, .authorized_key = key},
                    candidates, call);
    }

    Result<std::optional<CloudServer>> find_server(const std::string& server_name,
                                                   const base::Call&) override {
        return shown_if(own_.allocations.find(server_name));
    }

    Result<std::optional<CloudServer>> get_server(const std::string& provider_server_id,
                                                  const base::Call&) override {
        return shown_if(own_.allocations.get(allocation_number(provider_server_id)));
    }

    Result<std::vector<CloudServer>> list_servers(const std::string& label,
                                                  const std::string& value,
                                                  const base::Call&) override {
        const auto all = own_.allocations.list();
        if (!all) return fail(all.error());
        std::vector<CloudServer> found;
        for (const auto& allocation : *all) {
            const auto entry = allocation.request.labels.find(label);
            if (entry != allocation.request.labels.end() && entry->second == value) {
                found.push_back(shown(allocation));
            }
        }
        return found;
    }

    /// Machines that nobody has lent are no servers, and others cannot lend them.
    Result<std::vector<CloudServer>> list_project(const base::Call&) override {
        const auto all = own_.allocations.list();
        if (!all) return fail(all.error());
        std::vector<CloudServer> found;
        for (const auto& allocation : *all) found.push_back(shown(allocation));
        return found;
    }

    Result<void> delete_server(const std::string& provider_server_id,
                               const base::Call& call) override {
        if (call.over()) return ended(call, Effect::none);
        const auto number = allocation_number(provider_server_id);
        if (number == 0) return {};
        return own_.allocations.give_back(number);
    }

    Result<void> change_power(const std::string&, PowerAction, const base::Call&) override {
        return not_offered("power switch");
    }

    Result<std::vector<Offer>> offers(const base::Call&) override {
        const auto taken = taken_machines();
        if (!taken) return fail(taken.error());
        std::vector<Offer> offers;
        for (const auto& machine : own_.machines) {
            const bool free = !taken->contains(machine.name);
            const auto known = std::ranges::find_if(offers, [&](const Offer& offer) {
                return offer.region == machine.region && offer.type == machine.type;
            });
            if (known == offers.end()) {
                offers.push_back(offer_of(machine, free));
            } else {
                known->available = known->available || free;
            }
        }
        return offers;
    }

    Result<std::vector<CloudImage>> images(const base::Call&) override {
        return std::vector<CloudImage>{
            {.name = image_name, .description = "What the machine has", .architecture = {}}};
    }

    Result<AccountLimits> limits(const base::Call&) override {
        return AccountLimits{.max_servers = static_cast<long>(own_.machines.size()),
                             .locked_because = {}};
    }

    std::optional<RequestBudget> budget() const override { return std::nullopt; }

    Result<CloudResource> create_snapshot(const CreateSnapshot&, const base::Call&) override {
        return not_offered("snapshots");
    }
    Result<CloudResource> create_firewall(const CreateFirewall&, const base::Call&) override {
        return not_offered("firewalls");
    }
    Result<void> update_firewall(const std::string&, const CreateFirewall&,
                                 const base::Call&) override {
        return not_offered("firewalls");
    }
    Result<CloudResource> create_ssh_key(const CreateSshKey&, const base::Call&) override {
        return not_offered("SSH keys");
    }
    Result<std::vector<CloudResource>> list_resources(ResourceKind kind, const std::string&,
                                                      const std::string&,
                                                      const base::Call&) override {
        return not_offered(std::string(base::to_text(kind)) + "s");
    }
    Result<void> delete_resource(ResourceKind kind, const std::string&,
                                 const base::Call&) override {
        return not_offered(std::string(base::to_text(kind)) + "s");
    }

private:
    static Offer offer_of(const OwnMachine& machine, bool free) {
        return {.region = machine.region,
                .region_description =
                    machine.description.empty() ? machine.region : machine.description,
                .country = machine.country,
                .type = machine.type,
                .architecture = machine.architecture,
                .cores = machine.cores,
                .memory_gb = machine.memory_gb,
                .disk_gb = machine.disk_gb,
                .price_hourly = machine.price_hourly,
                .price_monthly = machine.price_monthly,
                .price_currency = machine.price_currency,
                .available = free};
    }

    static Result<std::optional<CloudServer>> shown_if(
        const Result<std::optional<Allocation>>& found) {
        if (!found) return fail(found.error());
        if (!*found) return std::nullopt;
        return shown(**found);
    }

    [[nodiscard]] std::vector<ports::MachineFacts> candidates_for(
        const CreateServer& request) const {
        std::vector<ports::MachineFacts> candidates;
        for (const auto& machine : own_.machines) {
            if (machine.region == request.region && machine.type == request.type) {
                candidates.push_back(facts_of(machine));
            }
        }
        return candidates;
    }

    Result<std::set<std::string>> taken_machines() const {
        const auto all = own_.allocations.list();
        if (!all) return fail(all.error());
        std::set<std::string> taken;
        for (const auto& allocation : *all) taken.insert(allocation.facts.machine);
        return taken;
    }

    /// Lends out the first machine that can be made ready. One that cannot is wiped before anybody
    /// else has it, since nobody knows how far it came.
    Result<CloudServer> lend(const ports::AllocationRequest& request,
                             const std::vector<ports::MachineFacts>& candidates,
                             const base::Call& call) {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            auto taken = own_.allocations.allocate(request, candidates, hold_for);
            if (!taken) return fail(std::move(taken).error());
            if (!*taken) break;
            const Allocation& allocation = **taken;
            const auto machine =
                std::ranges::find(own_.machines, allocation.facts.machine, &OwnMachine::name);
            const auto ready = MachineLogin(own_.hosts, own_.script, *machine)
                                   .prepare(allocation, call.at_most(prepare_limit));
            // Whoever comes next adopts it, and the caretaker goes on with it.
            if (!ready && call.over()) return ended(call, Effect::unknown);
            if (!ready) {
                if (auto left = pass_over(allocation, ready.error()); !left) {
                    return fail(std::move(left).error());
                }
                continue;
            }
            return lent(allocation);
        }
        return none_left(candidates.front());
    }

    Result<CloudServer> lent(Allocation allocation) {
        const auto prepared = own_.allocations.prepared(allocation.number, allocation.tries);
        if (!prepared) {
            base::Error error = prepared.error();
            error.effect = Effect::unknown;
            return fail(std::move(error));
        }
        // Otherwise the caretaker has taken over, or it was given back: its state says so.
        if (*prepared) allocation.state = AllocationState::in_use;
        return shown(allocation);
    }

    Result<void> pass_over(const Allocation& allocation, const base::Error& error) {
        base::log_event(base::LogLevel::warning, "machine_passed_over",
                        {{"machine", allocation.facts.machine},
                         {"kind", base::to_text(error.kind)},
                         {"message", error.message}});
        auto left =
            own_.allocations.give_up(allocation.number, allocation.tries, trouble_text(error));
        if (left) return {};
        base::Error unknown = std::move(left).error();
        unknown.effect = Effect::unknown;
        return fail(std::move(unknown));
    }

    Result<CloudServer> none_left(const ports::MachineFacts& place) {
        const auto taken = taken_machines();
        if (!taken) return fail(taken.error());
        const bool all = std::ranges::all_of(own_.machines, [&](const OwnMachine& machine) {
            return taken->contains(machine.name);
        });
        return fail({.kind = all ? ErrorKind::quota_exceeded : ErrorKind::out_of_stock,
                     .effect = Effect::none,
                     .message = all ? "All of the operator's own machines are taken."
                                    : fmt::format("No machine of type {} in {} is free.",
                                                  place.type, place.region),
                     .next_action = "Choose another place, or give one back.",
                     .code = all ? "all_taken" : "none_free"});
    }

    const OwnMachines own_;
};

}  // namespace

std::unique_ptr<CloudProvider> make_static_provider(OwnMachines own) {
    return std::make_unique<StaticProvider>(std::move(own));
}

}  // namespace hatchery::providers
