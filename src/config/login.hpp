#pragma once

#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/load.hpp"

namespace hatchery::config {

/// What `hatchery login` keeps for the commands that call the API.
struct Login {
    std::string api_url;
    base::Secret token;
};

/// The file of this environment's user: `hatchery/login` in XDG_CONFIG_HOME or ~/.config. Empty
/// when neither XDG_CONFIG_HOME nor HOME is set.
[[nodiscard]] std::string login_path(const Variables& environment);

/// What the file says, in the form of a `.env`; nothing when there is none. A problem when others
/// than its owner may read it.
[[nodiscard]] DotEnv read_login(const std::string& path);

/// Writes it, and the folders above it, so that only its owner can read it; takes the place of an
/// older one at once. `internal` with the system's cause.
[[nodiscard]] base::Result<void> write_login(const std::string& path, const Login& login);

/// Removes it; false when there was none.
[[nodiscard]] base::Result<bool> remove_login(const std::string& path);

}  // namespace hatchery::config
