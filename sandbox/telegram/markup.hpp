#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json_value.hpp"

namespace hatchery::sandbox::telegram {

/// A message's text as Telegram keeps it: without markup, with entities beside it.
struct MarkedText {
    std::string text;
    base::Json entities = base::Json::array();  ///< Offsets and lengths in UTF-16 units.
    std::string error;  ///< Not empty: the markup was refused, as Telegram words it.
};

/// Takes Telegram's HTML apart (core.telegram.org/bots/api#html-style).
[[nodiscard]] MarkedText parse_html(std::string_view html);

/// The entities that Telegram's clients find in what a person types: commands at the start of a
/// word, and mentions.
[[nodiscard]] base::Json find_typed_entities(std::string_view text);

/// Telegram counts text in UTF-16 units.
[[nodiscard]] std::size_t utf16_length(std::string_view utf8);

/// Whether nothing visible is in the text.
[[nodiscard]] bool is_blank(std::string_view text);

}  // namespace hatchery::sandbox::telegram
