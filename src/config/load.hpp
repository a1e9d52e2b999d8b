#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/dotenv.hpp"

namespace hatchery::config {

/// What a command needs; a variable that it does not need may be missing, but never wrong.
enum class Need : std::uint8_t {
    nothing,   ///< work on files only
    client,    ///< call the API
    database,  ///< work on the database
    service,   ///< be the service: all that `serve` and `worker` need
};

/// A setting as `config check` shows it.
struct Shown {
    std::string name;
    /// The value, or `set` for a secret, or empty when it has none.
    std::string value;
    /// `environment`, `.env`, `login` or `default`.
    std::string source;
};

struct Loaded {
    /// To be used only when there is no problem.
    Config config;
    std::vector<Problem> problems;
    /// Harmless, but probably not meant.
    std::vector<Problem> warnings;
    std::vector<Shown> settings;
};

using Variables = std::map<std::string, std::string>;

/// Validates everything and reports all problems at once. An empty value counts as not set. What
/// `hatchery login` stored counts for Need::client, and only as a pair: not when a token is set,
/// nor when another address is, which must not get this token.
[[nodiscard]] Loaded load(const Variables& environment, const DotEnv& dotenv, Need need,
                          const DotEnv& login = {});

/// The same with this process's environment, the `.env` of the current directory and the user's
/// login.
[[nodiscard]] Loaded load_here(Need need);

/// The variables whose values are secret: a child process that does not need them goes without.
[[nodiscard]] std::vector<std::string> secret_variables();

}  // namespace hatchery::config
