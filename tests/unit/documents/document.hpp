#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace hatchery::documents {

/// The repository.
[[nodiscard]] std::filesystem::path root();
/// The file's content; the test ends where there is none.
[[nodiscard]] std::string text_of(const std::filesystem::path& path);
/// The words in backquotes.
[[nodiscard]] std::set<std::string> names_in(const std::string& text);

}  // namespace hatchery::documents
