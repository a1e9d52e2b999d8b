#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/usual_duration.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"

namespace hatchery::engine {

/// Looks at all servers of one provider project that are being made, with one request for all of
/// them, and wakes the jobs that wait for those which run. Only of those that take longer than
/// servers usually do it asks the provider's actions, too: one that has failed wakes its job at
/// once. One leader per project; the caller holds the leadership and calls tick().
class CloudPoller {
public:
    CloudPoller(const EnginePorts& ports, const EngineSettings& settings, std::string provider);

    /// Lists if it is time to; returns when to come again.
    [[nodiscard]] base::TimePoint tick(const std::stop_token& stop);

private:
    void look(providers::CloudProvider& cloud, const std::vector<core::Server>& waiting,
              const std::stop_token& stop);

    /// What is remembered of a server that boots.
    struct Boot {
        base::TimePoint since;
        std::optional<base::TimePoint> asked_at;
        /// As it was written last.
        std::string word;
        /// Its actions have nothing more to tell.
        bool settled = false;
    };
    /// Learns which servers boot, and from those which do not any more how long it took.
    void note_boots(const std::vector<core::Server>& waiting, base::TimePoint now);
    [[nodiscard]] std::vector<const core::Server*> overrunning(
        const std::vector<core::Server>& waiting, const std::set<std::string_view>& running,
        std::size_t most_actions) const;
    void ask_actions(providers::CloudProvider& cloud,
                     const std::vector<const core::Server*>& overrunning,
                     const std::stop_token& stop);
    void tell(const std::vector<ports::CreateNews>& news);

    /// Writes the addresses of machines that had none when they were made.
    void learn_addresses(const std::vector<core::Server>& waiting,
                         const std::map<std::string_view, const providers::CloudServer*>& listed);

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    std::string provider_;
    std::optional<base::TimePoint> last_look_;
    std::map<base::ServerId, Boot> boots_;
    core::UsualDuration usual_boot_;
    /// Servers that were seen running and whose jobs were woken. Once is enough: from then on the
    /// job looks by itself, and a fleet that boots at once is not woken as one every few seconds.
    std::set<base::ServerId> seen_running_;
};

}  // namespace hatchery::engine
