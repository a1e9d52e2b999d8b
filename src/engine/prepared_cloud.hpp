#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/steady_time.hpp"
#include "ports/secret_box.hpp"
#include "providers/passing_cloud.hpp"

namespace hatchery::engine {

/// A provider whose project is made ready before the first server: a firewall that lets nothing in
/// but SSH from the configured sources covers every server of the installation from its first
/// moment, and where a provider would otherwise make up root passwords and mail them, creates name
/// an SSH key whose private half nobody has kept.
///
/// Both are made once for an installation, looked for again every ten minutes, and put right when
/// somebody changed them. What they need is asked for before the server; if that fails, nothing has
/// been created and the error says so. A firewall of that name without our label is not ours to
/// change: `invalid` with the code `firewall_unavailable`. Thread-safe.
class PreparedCloud final : public providers::PassingCloud {
public:
    /// `ssh_sources` are CIDR forms, at least one. `inner` and `keys` outlive this.
    PreparedCloud(providers::CloudProvider& inner, ports::KeyMaker& keys,
                  std::vector<std::string> ssh_sources);

    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override;
    base::Result<void> keep_guarded(const std::string& installation,
                                    const std::vector<providers::CloudResource>& firewalls,
                                    const base::Call& call) override;

private:
    struct Prepared {
        std::vector<std::string> ssh_keys;
        base::SteadyTime until;
    };
    base::Result<std::vector<std::string>> prepare(const std::string& installation,
                                                   const base::Call& call);
    /// What was made ready not long ago.
    std::optional<std::vector<std::string>> known(const std::string& installation);
    void forget(const std::string& installation);
    base::Result<providers::CloudServer> create_with(const std::vector<std::string>& keys,
                                                     const providers::CreateServer& request,
                                                     const base::Call& call);
    [[nodiscard]] providers::CreateFirewall firewall_of(const std::string& installation) const;
    static bool is_right(const providers::CloudResource& firewall,
                         const providers::CreateFirewall& request);
    base::Result<void> ensure_firewall(const std::string& installation, const base::Call& call);
    base::Result<std::vector<std::string>> ensure_key(const std::string& installation,
                                                      const base::Call& call);

    ports::KeyMaker& keys_;
    std::vector<std::string> ssh_sources_;
    /// Held while the provider is asked: one create makes ready, the others wait a moment for it.
    std::timed_mutex making_;
    std::mutex mutex_;
    std::map<std::string, Prepared> prepared_;
};

}  // namespace hatchery::engine
