#pragma once

#include <map>
#include <string>

#include "base/secret.hpp"

namespace hatchery::bench {

/// `COMMAND --name value …`. Throws std::runtime_error with a sentence on what is not so.
class Arguments {
public:
    Arguments(int count, const char* const* words);

    [[nodiscard]] const std::string& command() const { return command_; }
    /// From the environment's DATABASE_URL: a password does not belong into arguments.
    [[nodiscard]] base::Secret database_url() const;
    [[nodiscard]] long number(const std::string& name, long otherwise) const;

private:
    std::string command_;
    std::map<std::string, std::string> values_;
};

}  // namespace hatchery::bench
