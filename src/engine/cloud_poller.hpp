#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"

namespace hatchery::engine {

/// Looks at all servers of one provider project that are being made, with one request for all of
/// them, and wakes the jobs that wait for those which run. One leader per project; the caller
/// holds the leadership and calls tick().
class CloudPoller {
public:
    CloudPoller(const EnginePorts& ports, std::string provider);

    /// Lists if it is time to; returns when to come again.
    [[nodiscard]] base::TimePoint tick(const std::stop_token& stop);

private:
    void look(providers::CloudProvider& cloud, const std::vector<core::Server>& waiting,
              const std::stop_token& stop);

    /// Writes the addresses of machines that had none when they were made.
    void learn_addresses(const std::vector<core::Server>& waiting,
                         const std::map<std::string_view, const providers::CloudServer*>& listed);

    const EnginePorts& ports_;
    std::string provider_;
    std::optional<base::TimePoint> last_look_;
    /// Servers that were seen running and whose jobs were woken. Once is enough: from then on the
    /// job looks by itself, and a fleet that boots at once is not woken as one every few seconds.
    std::set<base::ServerId> seen_running_;
};

}  // namespace hatchery::engine
