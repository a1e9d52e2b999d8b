#include "arguments.hpp"

#include <cstdlib>
#include <stdexcept>

namespace hatchery::bench {

Arguments::Arguments(int count, const char* const* words) {
    if (count < 2) throw std::runtime_error("a command is missing");
    command_ = words[1];
    for (int i = 2; i < count; i += 2) {
        const std::string name = words[i];
        if (!name.starts_with("--") || i + 1 == count) {
            throw std::runtime_error("expected --name value, not " + name);
        }
        values_[name.substr(2)] = words[i + 1];
    }
}

base::Secret Arguments::database_url() const {
    const char* url = std::getenv("DATABASE_URL");
    if (url == nullptr) throw std::runtime_error("DATABASE_URL is not set");
    return base::Secret(url);
}

long Arguments::number(const std::string& name, long otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stol(found->second);
}

}  // namespace hatchery::bench
