#pragma once

#include <string>

#include "e2e/support/api_client.hpp"
#include "ports/remote_host.hpp"

namespace hatchery::e2e {

/// A host of the sandbox that the test made itself and can log in to.
struct KnownHost {
    long long id = 0;
    ports::SshTarget target;
};

/// Makes one through `cloud`, which is the sandbox's Hetzner; it boots meanwhile. `ssh_port` is
/// where the sandbox has the hosts' SSH answer.
[[nodiscard]] KnownHost make_known_host(const ApiClient& cloud, const std::string& name,
                                        std::uint16_t ssh_port);

}  // namespace hatchery::e2e
