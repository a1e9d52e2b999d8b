#include <optional>
#include <stop_token>

#include "contract/cloud_provider/cloud_world.hpp"
#include "core/user_data.hpp"
#include "providers/static/machine_caretaker.hpp"
#include "providers/static/static_provider.hpp"
#include "support/fake_machine_allocations.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::contract {

namespace {

using Allocations = support::FakeMachineAllocations;

constexpr const char* host_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1lmvRjJ0fOsxhS/3QcE6Q0w3fH7sW9zX2v1b8nM4kL";

core::OwnMachine machine(int number, const std::string& region) {
    core::OwnMachine one;
    one.name = "tower-" + std::to_string(number);
    one.host = one.name + ".example.net";
    one.host_key = host_key;
    one.private_key = base::Secret("the operator's key");
    one.region = region;
    one.type = "tower";
    one.description = "The cellar";
    one.country = "DE";
    one.architecture = "x86";
    one.cores = 4;
    one.memory_gb = 8;
    one.disk_gb = 100;
    one.price_monthly = "10.00";
    one.price_hourly = "0.013699";
    return one;
}

/// The operator's machines, none of which is there: their host answers every command.
class StaticWorld final : public CloudWorld {
public:
    StaticWorld() { clear(); }

    providers::CloudProvider& provider() override { return *provider_; }
    providers::CreateServer plain_request(const std::string& name) override {
        return {
            .name = name,
            .region = "cellar",
            .type = "tower",
            .image = "own",
            .labels = {{"installation", "one"}, {"bot", "some-bot"}},
            .user_data = core::make_user_data(
                {.host_private_key = {}, .host_public_key = {}, .client_public_key = host_key})};
    }
    std::string other_region() override { return "attic"; }
    std::string currency() override { return "EUR"; }
    int page_size() override { return 3; }
    std::vector<Refusal> refusals() override {
        // What answers is our own database.
        return {{503, "unavailable", base::ErrorKind::unavailable, base::Effect::unknown}};
    }
    void clear() override { furnish(6, 2); }
    bool runs_in_time(const std::string& id) override {
        return comes_to(id, providers::CloudServerStatus::running);
    }
    bool comes_to(const std::string& id, providers::CloudServerStatus status) override {
        const auto server = provider_->get_server(id, base::Call::within(std::chrono::seconds(1)));
        return server && *server && (*server)->status == status;
    }
    bool lock_next_delete() override { return false; }
    void lose_next_create_answer() override { allocations_->lose_next_answer(); }
    void refuse_next(Method method, int status, const std::string& code) override {
        const base::Error error{
            .kind = base::ErrorKind::unavailable,
            .effect = status >= 500 ? base::Effect::unknown : base::Effect::none,
            .message = "planned",
            .code = code};
        allocations_->fail_next(at_store(method), error);
    }
    void set_out_of_stock(const std::string& type, const std::string& region) override {
        while (allocate(type, region)) {
        }
    }
    void set_max_servers(int count) override { furnish(count, 0); }
    void exhaust_requests() override {}

private:
    static Allocations::Method at_store(Method method) {
        switch (method) {
            case Method::create:
                return Allocations::Method::allocate;
            case Method::find:
                return Allocations::Method::find;
            case Method::get:
                return Allocations::Method::get;
            default:
                return Allocations::Method::list;
        }
    }

    /// Lends one to somebody else.
    bool allocate(const std::string& type, const std::string& region) {
        auto request = plain_request("neighbour-" + std::to_string(++neighbours_));
        request.type = type;
        request.region = region;
        return provider_->create_server(request, base::Call::within(std::chrono::seconds(5)))
            .has_value();
    }

    void furnish(int in_cellar, int in_attic) {
        machines_.clear();
        for (int i = 0; i < in_cellar; ++i) machines_.push_back(machine(i, "cellar"));
        for (int i = 0; i < in_attic; ++i) machines_.push_back(machine(100 + i, "attic"));
        allocations_.emplace(clock_);
        hosts_.emplace(clock_);
        provider_ = providers::make_static_provider({.machines = machines_,
                                                     .script = base::Secret("true"),
                                                     .allocations = *allocations_,
                                                     .hosts = *hosts_});
    }

    base::SystemClock clock_;
    std::vector<core::OwnMachine> machines_;
    std::optional<Allocations> allocations_;
    std::optional<support::FakeRemoteHost> hosts_;
    std::unique_ptr<providers::CloudProvider> provider_;
    int neighbours_ = 0;
};

}  // namespace

std::unique_ptr<CloudWorld> make_static_world() { return std::make_unique<StaticWorld>(); }

}  // namespace hatchery::contract
