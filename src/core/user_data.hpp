#pragma once

#include <string>

#include "base/secret.hpp"

namespace hatchery::core {

/// What cloud-init needs to make a server ours.
struct UserDataInput {
    /// Ed25519 host key that sshd shall show, OpenSSH's text forms. It is rotated at the first
    /// login, because user data stays readable at the provider and from inside the server.
    base::Secret host_private_key;
    std::string host_public_key;
    /// The only key that may log in.
    std::string client_public_key;
};

/// cloud-init's user data (a cloud-config document in JSON, which is YAML), below 4 KiB. Holds a
/// short-lived secret.
[[nodiscard]] base::Secret make_user_data(const UserDataInput& input);

}  // namespace hatchery::core
