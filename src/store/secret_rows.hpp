#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/fleet_store.hpp"
#include "ports/secret_box.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// What a secret's sealed text is bound to: moved to another row, it does not open.
[[nodiscard]] std::string binding_of(const ports::SecretRef& ref);

/// Seals and stores, in place of an older value.
void write_secret(Sql& sql, ports::SecretBox& box, const ports::SecretRef& ref,
                  const base::Secret& value, base::TimePoint now);
/// `not_found` when there is none; `internal` when it cannot be opened.
[[nodiscard]] base::Result<base::Secret> read_secret(Sql& sql, ports::SecretBox& box,
                                                     const ports::SecretRef& ref);
void delete_secret(Sql& sql, const ports::SecretRef& ref);

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::ports::SecretOwner> {
    using E = hatchery::ports::SecretOwner;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::bot, "bot"}, {E::server, "server"}, {E::answer, "answer"}});
};
