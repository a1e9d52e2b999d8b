#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace hatchery::base {

/// The one spelling of each enumerator, for the database, the API and the logs. Specialise
/// `enum_names<E>` with a constexpr `std::array<std::pair<E, std::string_view>, N>`.
template <typename E>
struct EnumNames;

/// The text of an enumerator. Every enumerator has one; a test compares them with the database.
template <typename E>
[[nodiscard]] constexpr std::string_view to_text(E value) {
    for (const auto& [enumerator, name] : EnumNames<E>::names) {
        if (enumerator == value) return name;
    }
    return "?";
}

/// The enumerator of a text, or nothing: unknown text is an error for the caller, never a guess.
template <typename E>
[[nodiscard]] constexpr std::optional<E> parse_enum(std::string_view text) {
    for (const auto& [enumerator, name] : EnumNames<E>::names) {
        if (name == text) return enumerator;
    }
    return std::nullopt;
}

}  // namespace hatchery::base
