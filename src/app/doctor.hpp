#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "config/load.hpp"

namespace hatchery::app {

enum class Health : std::uint8_t { ok, warn, fail };

/// One line of the doctor's.
struct Finding {
    /// What was looked at: `database`.
    std::string check;
    Health health = Health::ok;
    /// How it is, without secrets.
    std::string text;
    /// What to do; empty when all is well.
    std::string next;
};

/// Looks at everything that Hatchery needs, changing nothing; each check ends within ten seconds.
[[nodiscard]] std::vector<Finding> examine(const config::Loaded& loaded, cli::Context& context);

[[nodiscard]] base::Json findings_json(const std::vector<Finding>& findings);

}  // namespace hatchery::app
