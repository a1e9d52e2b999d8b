#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hatchery::sandbox {

/// The parts between a path's slashes.
std::vector<std::string_view> split_path(std::string_view path);

/// A positive decimal number.
bool is_id(std::string_view segment, std::int64_t& id);

/// Whether a path is one of `pattern` ("/servers/{id}"), whose braces stand for numbers, which are
/// put into `ids` in order.
bool fits(std::string_view pattern, const std::vector<std::string_view>& segments,
          std::vector<std::int64_t>& ids);

/// The same for braces that stand for any text.
bool fits(std::string_view pattern, const std::vector<std::string_view>& segments,
          std::vector<std::string>& words);

/// The bearer token of an Authorization header; empty when there is none.
std::string token_of(const std::string& authorization);

/// Where to begin to count: clouds never give an id twice, and neither may a sandbox that was
/// started anew: an id in somebody's database must not come to mean another server.
std::int64_t first_id();

}  // namespace hatchery::sandbox
