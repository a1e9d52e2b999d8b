#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hatchery::base {

/// Names of the members that an object of this JSON text has more than once: each name once, in the
/// order in which they are seen, at most `most`; a member of a member as `payload.image`. A parser
/// takes one of them and drops the others without a word. Of text that is no JSON: those before the
/// place where it goes wrong.
[[nodiscard]] std::vector<std::string> repeated_members(std::string_view text, std::size_t most);

}  // namespace hatchery::base
