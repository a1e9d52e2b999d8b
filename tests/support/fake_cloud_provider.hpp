#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::support {

/// One provider project in memory, which misbehaves on command. Time is the clock's alone:
/// nothing here waits. Thread-safe.
class FakeCloudProvider final : public providers::CloudProvider {
public:
    enum class Method {
        create,
        find,
        get,
        list,
        remove,
        offers,
        power,
        images,
        limits,
        create_resource,
        change_resource,
        list_resources,
        remove_resource,
        actions,
    };

    struct Options {
        std::string name = "hetzner";
        /// From create to `running`; a third of it is `initializing`, the rest `starting`.
        std::chrono::milliseconds boot_time{11'000};
        /// How long a deleted server is still shown as `deleting`.
        std::chrono::milliseconds delete_time{0};
        /// How long a new server is missing from find and list; get knows it at once.
        std::chrono::milliseconds visible_after{0};
        std::size_t max_servers = 1'000'000;
        /// As at DigitalOcean: no name is refused for being taken, and find shows the oldest.
        bool unique_names = true;
        /// As at DigitalOcean: a server has no address before it runs.
        bool late_address = false;
        /// As at DigitalOcean.
        bool wants_ssh_key = false;
    };
    struct RecordedCall {
        Method method = Method::create;
        /// The name, the id, or `label=value`.
        std::string about;
        base::TimePoint at;
    };

    explicit FakeCloudProvider(const base::Clock& clock) : FakeCloudProvider(clock, Options{}) {}
    FakeCloudProvider(const base::Clock& clock, Options options);

    /// The next `times` creates make their server and then fail with effect `unknown`.
    void lose_next_create_answers(int times);
    /// The same for deletes.
    void lose_next_delete_answers(int times);
    /// The next `times` calls of this method fail so and have no effect.
    void fail_next(Method method, int times, base::Error error);
    /// The same with a plausible error of this kind; effect `unknown` for timeout and unavailable.
    void fail_next(Method method, int times, base::ErrorKind kind);
    /// No failure that was planned happens any more.
    void stop_failing();
    /// Creates of this type in this region are out of stock from now on; an empty text means any.
    void set_out_of_stock(const std::string& type, const std::string& region);
    /// Something beside what it sells anyway.
    void also_sell(providers::Offer offer);
    void restock();
    void set_max_servers(std::size_t max_servers);
    /// From now on new servers are missing from find and list for so long.
    void hide_new_servers_for(std::chrono::milliseconds delay);
    /// From now on a deleted server is still shown as `deleting` for so long.
    void take_to_delete(std::chrono::milliseconds time);
    /// As at DigitalOcean: names are not unique, and a server has no address before it runs.
    void behave_as_digitalocean();
    /// The next `times` created servers stay `initializing` for ever.
    void never_boot_next(int times);
    /// The next `times` creates are taken, and their action fails so a third of a boot's time
    /// later: the server stays off.
    void fail_next_create_actions(int times, base::Error error);
    /// The same with a plausible error of this kind.
    void fail_next_create_actions(int times, base::ErrorKind kind);
    /// A server that somebody else made, or that we forgot.
    void add_server(providers::CloudServer server);
    /// Somebody deletes a server by hand; unknown ids are ignored.
    void vanish(const std::string& provider_server_id);
    /// Something that somebody else made, or that we forgot; its id when it has none.
    std::string add_resource(providers::CloudResource resource);
    /// What budget() tells from now on.
    void set_budget(std::optional<providers::RequestBudget> budget);
    /// Runs at the start of every call, without the lock held: what happens in the meantime.
    void before_each_call(std::function<void(Method)> hook);

    /// All that the project holds now, in order of creation, `deleting` ones included.
    [[nodiscard]] std::vector<providers::CloudServer> servers() const;
    /// All that the project holds besides servers.
    [[nodiscard]] std::vector<providers::CloudResource> resources() const;
    /// The server with this address, if there is one and it is not being deleted.
    [[nodiscard]] std::optional<providers::CloudServer> server_at(const std::string& address) const;
    /// Calls `look` with every server that the project holds, as it was made, and whether it is
    /// being deleted. Copies nothing; `look` must not call back.
    void each_server(const std::function<void(const providers::CloudServer&, bool)>& look) const;
    /// The user data that a server of this name was created with; empty when there is none.
    [[nodiscard]] std::string user_data(const std::string& name) const;
    [[nodiscard]] std::vector<RecordedCall> calls() const;
    [[nodiscard]] int calls_of(Method method) const;
    void forget_calls();

    std::string name() const override { return options_.name; }
    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override;
    base::Result<std::optional<providers::CloudServer>> find_server(
        const std::string& name, const base::Call& call) override;
    base::Result<std::optional<providers::CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) override;
    base::Result<std::vector<providers::CloudServer>> list_servers(const std::string& label,
                                                                   const std::string& value,
                                                                   const base::Call& call) override;
    /// One call, counted as a list.
    base::Result<std::vector<providers::CloudServer>> list_project(const base::Call& call) override;
    /// One call, counted as a list.
    base::Result<std::vector<providers::CloudServer>> look_at(
        const providers::WantedServers& wanted, const base::Call& call) override;
    /// As at Hetzner, or one where it behaves as DigitalOcean.
    std::size_t actions_a_request() const override;
    /// Counted once for each request of it.
    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override;
    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override;
    base::Result<std::vector<providers::Offer>> offers(const base::Call& call) override;

    // In fake_cloud_resources.cpp:
    bool has_unique_names() const override;
    bool wants_ssh_key() const override;
    bool can(providers::Capability capability) const override;
    base::Result<void> change_power(const std::string& provider_server_id,
                                    providers::PowerAction action, const base::Call& call) override;
    base::Result<std::vector<providers::CloudImage>> images(const base::Call& call) override;
    base::Result<providers::AccountLimits> limits(const base::Call& call) override;
    std::optional<providers::RequestBudget> budget() const override;
    base::Result<providers::CloudResource> create_snapshot(const providers::CreateSnapshot& request,
                                                           const base::Call& call) override;
    base::Result<providers::CloudResource> create_firewall(const providers::CreateFirewall& request,
                                                           const base::Call& call) override;
    base::Result<void> update_firewall(const std::string& id,
                                       const providers::CreateFirewall& request,
                                       const base::Call& call) override;
    base::Result<providers::CloudResource> create_ssh_key(const providers::CreateSshKey& request,
                                                          const base::Call& call) override;
    base::Result<std::vector<providers::CloudResource>> list_resources(
        providers::ResourceKind kind, const std::string& label, const std::string& value,
        const base::Call& call) override;
    base::Result<void> delete_resource(providers::ResourceKind kind, const std::string& id,
                                       const base::Call& call) override;

private:
    enum class Boot { by_clock, never, done, off, failing };
    struct Machine {
        providers::CloudServer server;
        std::string user_data;
        Boot boot = Boot::by_clock;
        /// Of one that fails.
        base::Error failure;
        std::optional<base::TimePoint> deleted_at;
    };
    struct Failure {
        Method method = Method::create;
        int times = 0;
        base::Error error;
    };

    /// Records the call, runs the hook, and says which planned failure it meets, if any.
    base::Result<void> enter(Method method, const std::string& about, const base::Call& call);
    base::Result<void> check_create(const providers::CreateServer& request) const;
    base::Result<providers::CloudResource> keep_resource(providers::CloudResource resource,
                                                         const base::Call& call);
    void drop_deleted();
    [[nodiscard]] core::CloudAction action_of(const std::string& id, const Machine& made) const;
    [[nodiscard]] providers::CloudServer shown(const Machine& machine) const;
    [[nodiscard]] bool visible(const Machine& machine) const;

    const base::Clock& clock_;
    mutable std::mutex mutex_;
    Options options_;
    std::vector<Machine> machines_;
    std::vector<Failure> failures_;
    std::set<std::pair<std::string, std::string>> out_of_stock_;
    std::vector<providers::Offer> also_sold_;
    std::function<void(Method)> hook_;
    std::vector<RecordedCall> calls_;
    std::vector<providers::CloudResource> resources_;
    std::optional<providers::RequestBudget> budget_;
    int lost_creates_ = 0;
    int lost_deletes_ = 0;
    int never_booting_ = 0;
    std::vector<base::Error> failing_creates_;
    /// By id; they outlive what they were about.
    std::map<std::string, Machine> actions_;
    long long next_id_ = 1001;
};

}  // namespace hatchery::support
