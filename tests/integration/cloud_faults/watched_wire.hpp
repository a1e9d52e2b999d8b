#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/json_value.hpp"
#include "ports/http_transport.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::cloud_faults {

/// The wire to a provider, which tells the faked hosts what becomes of their machines: one whose
/// provider says that it runs answers SSH at its address, with the host key that its user data
/// planted; one that was deleted does not. An address that another machine has had before shows
/// the new machine's key. Thread-safe.
class WatchedWire final : public ports::HttpTransport {
public:
    WatchedWire(ports::HttpTransport& inner, support::FakeRemoteHost& hosts)
        : inner_(inner), hosts_(hosts) {}

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override;
    /// The next `machines` that come up show a host key that nobody planted.
    void plant_wrong_keys(int machines);
    /// How often an address was given to a second machine.
    [[nodiscard]] int reused_addresses() const;
    /// Answers 429.
    [[nodiscard]] int refusals() const;
    /// How often something with this in its URL was read.
    [[nodiscard]] int reads_of(const std::string& what) const;

private:
    void learn_key(const std::string& body);
    void learn_machines(const base::Json& answer);
    void learn_machine(const base::Json& machine);
    void forget_machine(const std::string& url);

    ports::HttpTransport& inner_;
    support::FakeRemoteHost& hosts_;
    mutable std::mutex mutex_;
    /// Public host keys by the names of machines.
    std::map<std::string, std::string> planted_;
    /// Ids of the machines by the addresses that they answer at.
    std::map<std::string, std::string> at_;
    std::map<std::string, std::string> last_at_;
    std::vector<std::string> read_;
    int wrong_keys_ = 0;
    int reused_ = 0;
    int refusals_ = 0;
};

}  // namespace hatchery::cloud_faults
