#include "core/release_text.hpp"

namespace hatchery::core {

namespace {

constexpr std::string_view before = "OpenClaw ";
constexpr std::string_view after = " is installed";

}  // namespace

std::string installed_text(std::string_view version) {
    return std::string(before) + std::string(version) + std::string(after);
}

std::string installed_version(std::string_view text) {
    const bool fits = text.size() > before.size() + after.size() && text.starts_with(before) &&
                      text.ends_with(after);
    if (!fits) return {};
    return std::string(text.substr(before.size(), text.size() - before.size() - after.size()));
}

}  // namespace hatchery::core
